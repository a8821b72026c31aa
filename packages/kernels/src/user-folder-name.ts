import { createHash } from 'node:crypto';

/** Of the 255 bytes that a file system lets a name have. */
const maxNameLength = 200;

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
