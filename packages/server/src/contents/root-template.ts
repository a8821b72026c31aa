import { join, parse, sep } from 'node:path';
import { folderNameOf } from '@perijove/kernels';

const placeholder = '{username}';

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
