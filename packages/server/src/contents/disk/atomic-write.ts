import {
  accessSync,
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import type { Stats } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { giveToFolderOwner } from './give-to-folder-owner.ts';

export interface WriteOptions {
  readonly useFsync: boolean;
}

/** Name of a file that is not yet, or no longer, the real one. Hidden, and short enough for any folder. */
export function temporaryBeside(osPath: string): string {
  return join(dirname(osPath), `.perijove-${randomBytes(8).toString('hex')}.tmp`);
}

/**
 * Writes a file so that a reader, a crash or a full disk meets either the old content or the new. Links are
 * followed; mode and owner stay. If it throws, the old file is untouched and nothing else is left.
 */
export function writeAtomically(osPath: string, data: Uint8Array, options: WriteOptions): void {
  const target = resolveTarget(osPath);
  const old = statSync(target, { throwIfNoEntry: false });
  if (old !== undefined) accessSync(target, constants.W_OK);
  if (old !== undefined && mustKeepInode(target, old)) return writeInPlace(target, old, data, options);
  const temporary = temporaryBeside(target);
  try {
    writeNew(temporary, data, old, options);
    putInPlace(temporary, target, old, data, options);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Puts a finished temporary file, which must be in the target's folder, in the target's place, with its mode and owner. */
export function replaceWith(temporary: string, osPath: string, options: WriteOptions): void {
  const target = resolveTarget(osPath);
  const old = statSync(target, { throwIfNoEntry: false });
  if (old !== undefined) {
    accessSync(target, constants.W_OK);
    const fd = openSync(temporary, 'r+');
    try {
      adoptOwner(fd, old);
      if (options.useFsync) fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }
  renameSync(temporary, target);
  syncFolder(target, options);
}

function resolveTarget(osPath: string): string {
  try {
    return realpathSync.native(osPath);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return osPath;
    throw error;
  }
}

// A new file in the place of one that has several names, or that belongs to somebody else whose file we may
// write but not give away, or in a folder that takes no new file, would not be the same file.
function mustKeepInode(target: string, old: Stats): boolean {
  if (old.nlink > 1) return true;
  const me = process.geteuid?.();
  if (me !== undefined && me !== 0 && old.uid !== me) return true;
  try {
    accessSync(dirname(target), constants.W_OK);
    return false;
  } catch {
    return true; // Whatever the reason, a new file cannot be made there.
  }
}

function writeNew(path: string, data: Uint8Array, old: Stats | undefined, options: WriteOptions): void {
  const fd = openSync(path, 'wx', old === undefined ? 0o666 : 0o600);
  try {
    writeFully(fd, data);
    if (old === undefined) giveToFolderOwner(path, fd);
    else adoptOwner(fd, old);
    if (options.useFsync) fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function adoptOwner(fd: number, old: Stats): void {
  try {
    fchownSync(fd, old.uid, old.gid);
  } catch (error) {
    // The group may be one that we are not in; the file then gets ours.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
  }
  fchmodSync(fd, old.mode & 0o7777);
}

function putInPlace(
  temporary: string,
  target: string,
  old: Stats | undefined,
  data: Uint8Array,
  options: WriteOptions,
): void {
  try {
    renameSync(temporary, target);
  } catch (error) {
    // A single file mounted into a container can be written, not replaced.
    if (old === undefined || (error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
    rmSync(temporary, { force: true });
    writeInPlace(target, old, data, options);
  }
  syncFolder(target, options);
}

function syncFolder(target: string, options: WriteOptions): void {
  if (!options.useFsync) return;
  const folder = openSync(dirname(target), 'r');
  try {
    fsyncSync(folder);
  } catch {
    // Some network file systems refuse this for folders; the content itself is on the disk.
  } finally {
    closeSync(folder);
  }
}

/** Keeps a copy, beside it or else in memory, until the new content is written; puts it back if that fails. */
function writeInPlace(target: string, old: Stats, data: Uint8Array, options: WriteOptions): void {
  const backup = keepCopy(target);
  const fd = openSync(target, 'r+');
  try {
    // Room is asked for before anything of the old content is lost.
    writeFully(fd, data);
    ftruncateSync(fd, data.length);
    if (options.useFsync) fsyncSync(fd);
  } catch (error) {
    backup.restore(fd, old.size);
    throw error;
  } finally {
    closeSync(fd);
    backup.drop();
  }
}

interface Backup {
  restore(fd: number, size: number): void;
  drop(): void;
}

function keepCopy(target: string): Backup {
  const path = temporaryBeside(target);
  try {
    copyFileSync(target, path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    return {
      restore: (fd, size) => putBack(fd, readFileSync(path), size),
      drop: () => rmSync(path, { force: true }),
    };
  } catch (error) {
    rmSync(path, { force: true });
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw error;
    const content = readFileSync(target);
    return { restore: (fd, size) => putBack(fd, content, size), drop: () => undefined };
  }
}

function putBack(fd: number, content: Uint8Array, size: number): void {
  ftruncateSync(fd, size);
  writeFully(fd, content);
  fsyncSync(fd);
}

export function writeFully(fd: number, data: Uint8Array, position = 0): void {
  let done = 0;
  while (done < data.length) done += writeSync(fd, data, done, data.length - done, position + done);
}
