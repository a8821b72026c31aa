import {
  accessSync,
  constants,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join, relative } from 'node:path';
import { ContentsFailure } from './contents-failure.ts';
import type { Checkpoint } from '../contents.ts';
import { writeAtomically } from './atomic-write.ts';
import { giveToFolderOwner } from './give-to-folder-owner.ts';
import { timestamp } from './entry-model.ts';
import { isInside, locate } from './location.ts';
import type { Location } from './location.ts';
import type { DiskSettings } from './settings.ts';

const checkpointId = 'checkpoint';

/** There is one checkpoint a file at most, in Jupyter's place for it. */
export function listCheckpoints(apiPath: string, settings: DiskSettings): Checkpoint[] {
  const path = checkpointPath(locate(apiPath, settings), settings);
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() ? [{ id: checkpointId, last_modified: timestamp(stats.mtimeMs) }] : [];
}

export function createCheckpoint(apiPath: string, settings: DiskSettings): Checkpoint {
  const location = locate(apiPath, settings);
  refuseHidden(location, settings);
  const stats = statSync(location.osPath, { throwIfNoEntry: false });
  if (stats === undefined)
    throw new ContentsFailure('NOT_FOUND', `file or directory does not exist: '${apiPath}'`);
  if (!stats.isFile())
    throw new ContentsFailure('BAD_REQUEST', `${location.path} is not a file; only files have checkpoints`);
  const path = checkpointPath(location, settings);
  makeCheckpointFolder(path, settings);
  if (!isTemporary(path) && !settings.followLinksOutside && !isInside(path, settings.root))
    throw new ContentsFailure(
      'FORBIDDEN',
      `The checkpoints of ${location.path} are outside root contents directory`,
    );
  writeAtomically(path, readFileSync(location.osPath), { useFsync: false });
  return { id: checkpointId, last_modified: timestamp(statSync(path).mtimeMs) };
}

export function restoreCheckpoint(apiPath: string, id: string, settings: DiskSettings): void {
  const location = locate(apiPath, settings);
  refuseHidden(location, settings);
  writeAtomically(location.osPath, readFileSync(existingCheckpoint(location, id, settings)), settings);
}

export function deleteCheckpoint(apiPath: string, id: string, settings: DiskSettings): void {
  rmSync(existingCheckpoint(locate(apiPath, settings), id, settings));
}

/** Takes the checkpoint along when its file has moved. */
export function renameCheckpoint(from: Location, to: Location, settings: DiskSettings): void {
  const old = checkpointPath(from, settings);
  if (!statSync(old, { throwIfNoEntry: false })?.isFile()) return;
  const path = checkpointPath(to, settings);
  makeCheckpointFolder(path, settings);
  try {
    renameSync(old, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    writeAtomically(path, readFileSync(old), { useFsync: false });
    rmSync(old);
  }
}

export function deleteCheckpointsOf(location: Location, settings: DiskSettings): void {
  const path = checkpointPath(location, settings);
  if (statSync(path, { throwIfNoEntry: false })?.isFile()) rmSync(path);
}

function makeCheckpointFolder(checkpoint: string, settings: DiskSettings): void {
  const folder = dirname(checkpoint);
  if (mkdirSync(folder, { recursive: true }) !== undefined) giveToFolderOwner(folder, settings);
}

function existingCheckpoint(location: Location, id: string, settings: DiskSettings): string {
  const path = checkpointPath(location, settings);
  const isThere = id === checkpointId && lstatSync(path, { throwIfNoEntry: false })?.isFile();
  if (isThere && (isTemporary(path) || settings.followLinksOutside || isInside(path, settings.root)))
    return path;
  throw new ContentsFailure('NOT_FOUND', `Checkpoint does not exist: ${location.path}@${id}`);
}

export const checkpointFolder = '.ipynb_checkpoints';

function checkpointPath(location: Location, settings: DiskSettings): string {
  const folder = dirname(location.osPath);
  const extension = extname(location.osPath);
  const name = `${basename(location.osPath, extension)}-${checkpointId}${extension}`;
  if (isWritableFolder(folder)) return join(folder, checkpointFolder, name);
  return join(temporaryRoot(), relative(settings.root, folder), name);
}

function temporaryRoot(): string {
  return join(tmpdir(), 'jupyter_checkpoints');
}

function isTemporary(path: string): boolean {
  return path.startsWith(temporaryRoot());
}

function isWritableFolder(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false; // Jupyter keeps checkpoints of read-only folders in the system's temporary one.
  }
}

function refuseHidden(location: Location, settings: DiskSettings): void {
  if (location.isHidden && !settings.allowHidden)
    throw new ContentsFailure('NOT_FOUND', `file or directory does not exist: '${location.path}'`);
}
