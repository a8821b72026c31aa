import { createHash } from 'node:crypto';
import { join, parse, sep } from 'node:path';

const placeholder = '{username}';
/** Of the 255 bytes that a file system lets a name have. */
const maxNameLength = 200;

/** A root folder for each user: what stands before the first name of a path with `{username}` in it, and those from there on. */
export interface RootTemplate {
  /** Absolute. Must be there: it is its owner's to make. */
  readonly base: string;
  /** With the placeholder in one of them at least. Made where missing. */
  readonly names: readonly string[];
}

/** Undefined: one folder for all. `path` is absolute and normalized. */
export function parseRootTemplate(path: string): RootTemplate | undefined {
  if (!path.includes(placeholder)) return undefined;
  const { root } = parse(path);
  const names = path.slice(root.length).split(sep);
  const first = names.findIndex((name) => name.includes(placeholder));
  return { base: join(root, ...names.slice(0, first)), names: names.slice(first) };
}

/** Absolute path of a user's root. */
export function rootOf({ base, names }: RootTemplate, username: string): string {
  const folder = folderNameOf(username);
  return join(base, ...names.map((name) => name.replaceAll(placeholder, folder)));
}

/**
 * A folder's name for a user's: no two users have the same, and none leads elsewhere. Letters, digits and `_ - @ .` are as they
 * are, but for a dot at the beginning; each byte of all else is `~` and two digits. Too long a name is cut, and its hash added.
 */
export function folderNameOf(username: string): string {
  const name = [...Buffer.from(username)]
    .map((byte, at) => {
      const character = String.fromCharCode(byte);
      const isPlain = /[A-Za-z0-9_@-]/.test(character) || (character === '.' && at > 0);
      return isPlain ? character : `~${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
  if (name.length <= maxNameLength) return name;
  // Two tildes stand nowhere else: what follows one is a digit.
  return `${name.slice(0, 100)}~~${createHash('sha256').update(username).digest('hex')}`;
}
