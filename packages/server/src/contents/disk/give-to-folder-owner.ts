import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';

/**
 * What root makes in a user's folder is that user's, or nobody else could write it there: their kernels, if these run as them.
 * `made` is the descriptor of a file that was made just now, or the root folder, in which the file must be when it is given away:
 * its user may have put another one in its place.
 */
export function giveToFolderOwner(osPath: string, made: number | { readonly root: string }): void {
  const owner = ownerToBe(osPath);
  if (owner === undefined) return;
  if (typeof made === 'number') fchownSync(made, owner.uid, owner.gid);
  else give(osPath, { ...owner, root: made.root, isTree: false });
}

/** The same with all that is in it. */
export function giveTreeToFolderOwner(osPath: string, { root }: { readonly root: string }): void {
  const owner = ownerToBe(osPath);
  if (owner !== undefined) give(osPath, { ...owner, root, isTree: true });
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

function ownerToBe(osPath: string): Owner | undefined {
  if (process.platform !== 'linux' || process.geteuid?.() !== 0) return undefined;
  const { uid, gid } = statSync(dirname(osPath));
  return uid === 0 ? undefined : { uid, gid };
}

/** Whom a link belongs to is of no account. */
function give(path: string, to: Owner & { readonly root: string; readonly isTree: boolean }): void {
  const fd = openUnlessLink(path);
  if (fd === undefined) return;
  const opened = `/proc/self/fd/${fd}`;
  try {
    if (!readlinkSync(opened).startsWith(`${realpathSync.native(to.root)}/`)) return;
    fchownSync(fd, to.uid, to.gid);
    if (!to.isTree || !fstatSync(fd).isDirectory()) return;
    for (const name of readdirSync(opened)) give(`${opened}/${name}`, to);
  } finally {
    closeSync(fd);
  }
}

function openUnlessLink(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOOP') return undefined;
    throw error;
  }
}
