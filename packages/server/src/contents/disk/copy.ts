import { constants, copyFileSync, cpSync, lstatSync, readdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { ContentsFailure } from './contents-failure.ts';
import { checkpointFolder } from './checkpoints.ts';
import { giveTreeToFolderOwner } from './give-to-folder-owner.ts';
import { replaceWith, temporaryBeside } from './atomic-write.ts';
import { locate } from './location.ts';
import type { Location } from './location.ts';
import { describeEntry } from './read.ts';
import type { Rendered } from './read.ts';
import type { DiskSettings } from './settings.ts';
import { createFirstFree } from './untitled.ts';

/** Copies a file or folder into a folder under a name with `-Copy1`, or to a path that is not a folder. */
export function copyEntry(fromPath: string, toPath: string, settings: DiskSettings): Rendered {
  const from = locate(fromPath, settings);
  const to = locate(toPath, settings);
  if ((from.isHidden || to.isHidden) && !settings.allowHidden)
    throw new ContentsFailure('BAD_REQUEST', `Cannot copy file or directory '${from.path}'`);
  const stats = statSync(from.osPath, { throwIfNoEntry: false });
  if (stats === undefined)
    throw new ContentsFailure('NOT_FOUND', `file or directory does not exist: '${from.path}'`);
  if (stats.isDirectory()) checkSize(from, settings);
  else if (!stats.isFile()) throw new ContentsFailure('BAD_REQUEST', `Cannot read non-file ${from.path}`);
  const location = stats.isDirectory() ? copyFolder(from, to, settings) : copyFile(from, to, settings);
  return describeEntry(location, undefined);
}

// The bytes are copied as they are. A notebook's trust goes by its content, so it goes along.
function copyFile(from: Location, to: Location, settings: DiskSettings): Location {
  if (isDirectory(to.osPath)) {
    return createFirstFree(to, copyName(from.name), '-Copy', settings, (osPath) =>
      copyFileSync(from.osPath, osPath, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE),
    );
  }
  if (!isDirectory(dirname(to.osPath)))
    throw new ContentsFailure('NOT_FOUND', `No such parent directory: ${parentOf(to)} to copy file in`);
  const temporary = temporaryBeside(to.osPath);
  try {
    copyFileSync(from.osPath, temporary, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    giveTreeToFolderOwner(temporary, settings);
    replaceWith(temporary, to.osPath, settings);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  return to;
}

function copyFolder(from: Location, to: Location, settings: DiskSettings): Location {
  if (`${to.osPath}${sep}`.startsWith(`${from.osPath}${sep}`))
    throw new ContentsFailure('BAD_REQUEST', `Can't copy '${from.path}' into itself`);
  if (isDirectory(to.osPath))
    return createFirstFree(to, copyName(from.name), '-Copy', settings, (osPath) =>
      copyTree(from.osPath, osPath),
    );
  if (!isDirectory(dirname(to.osPath)))
    throw new ContentsFailure('NOT_FOUND', `No such parent directory: ${parentOf(to)} to copy file in`);
  copyTree(from.osPath, to.osPath);
  giveTreeToFolderOwner(to.osPath, settings);
  return to;
}

// Links stay links: what they lead to may be outside the root, or the folder itself.
function copyTree(from: string, to: string): void {
  if (lstatSync(to, { throwIfNoEntry: false }) !== undefined)
    throw Object.assign(new Error(`${to} exists`), { code: 'EEXIST' });
  try {
    cpSync(from, to, {
      recursive: true,
      errorOnExist: true,
      force: false,
      verbatimSymlinks: true,
      filter: (source) => isCopyable(source),
    });
  } catch (error) {
    rmSync(to, { recursive: true, force: true });
    throw error;
  }
}

function isCopyable(source: string): boolean {
  const stats = lstatSync(source);
  return (
    (stats.isFile() || stats.isDirectory() || stats.isSymbolicLink()) && basename(source) !== checkpointFolder
  );
}

function checkSize(from: Location, settings: DiskSettings): void {
  const limit = settings.maxCopyFolderMb * 1024 * 1024;
  if (sizeUpTo(from.osPath, limit) > limit) {
    throw new ContentsFailure(
      'BAD_REQUEST',
      `Can't copy folders larger than ${settings.maxCopyFolderMb}MB, "${from.path}" is larger`,
    );
  }
}

/** Bytes of the files below a folder; stops counting once that is more than `limit`. */
function sizeUpTo(folder: string, limit: number): number {
  let size = 0;
  const folders = [folder];
  for (let next = folders.pop(); next !== undefined && size <= limit; next = folders.pop()) {
    for (const entry of readdirSync(next, { withFileTypes: true })) {
      const path = join(next, entry.name);
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isFile()) size += lstatSync(path, { throwIfNoEntry: false })?.size ?? 0;
    }
  }
  return size;
}

function copyName(name: string): string {
  return name.replaceAll(/-Copy\d*\./g, '.');
}

function isDirectory(osPath: string): boolean {
  return statSync(osPath, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function parentOf(location: Location): string {
  return location.path.split('/').slice(0, -1).join('/');
}
