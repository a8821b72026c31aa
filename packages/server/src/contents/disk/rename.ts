import { cpSync, lstatSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { ContentsFailure } from './contents-failure.ts';
import { renameCheckpoint } from './checkpoints.ts';
import { locate } from './location.ts';
import type { Location } from './location.ts';
import { describeEntry } from './read.ts';
import type { Rendered } from './read.ts';
import type { DiskSettings } from './settings.ts';

/** Moves an entry and its checkpoint. What is at the new path stays there, and the move is refused. */
export function renameEntry(fromPath: string, toPath: string, settings: DiskSettings): Rendered {
  const from = locate(fromPath, settings);
  const to = locate(toPath, settings);
  if (from.path === '' || to.path === '')
    throw new ContentsFailure('BAD_REQUEST', 'The root cannot be renamed');
  if ((from.isHidden || to.isHidden) && !settings.allowHidden)
    throw new ContentsFailure('BAD_REQUEST', `Cannot rename file or directory '${from.path}'`);
  const stats = lstatSync(from.osPath, { throwIfNoEntry: false });
  if (stats === undefined)
    throw new ContentsFailure('NOT_FOUND', `File or directory does not exist: ${from.path}`);
  if (from.path !== to.path) {
    const taken = lstatSync(to.osPath, { throwIfNoEntry: false });
    // The same file: only the case of its name changes, on a disk to which case means nothing.
    if (taken !== undefined && !(taken.ino === stats.ino && taken.dev === stats.dev && sameName(from, to)))
      throw new ContentsFailure('CONFLICT', `File already exists: ${to.path}`);
    if (!statSync(dirname(to.osPath), { throwIfNoEntry: false })?.isDirectory())
      throw new ContentsFailure(
        'NOT_FOUND',
        `No such directory: ${to.path.split('/').slice(0, -1).join('/')}`,
      );
    move(from, to);
    if (!stats.isDirectory()) renameCheckpoint(from, to, settings);
  }
  return describeEntry(to, undefined);
}

function sameName(from: Location, to: Location): boolean {
  return from.path.toLowerCase() === to.path.toLowerCase();
}

function move(from: Location, to: Location): void {
  try {
    renameSync(from.osPath, to.osPath);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EINVAL')
      throw new ContentsFailure('BAD_REQUEST', `Cannot move ${from.path} into itself`, { cause: error });
    if (code !== 'EXDEV') throw error;
    // Another disk is mounted somewhere below the root.
    try {
      cpSync(from.osPath, to.osPath, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
    } catch (failure) {
      rmSync(to.osPath, { recursive: true, force: true });
      throw failure;
    }
    rmSync(from.osPath, { recursive: true, force: true });
  }
}
