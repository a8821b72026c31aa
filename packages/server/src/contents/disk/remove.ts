import { lstatSync, readdirSync, rmSync, rmdirSync, unlinkSync } from 'node:fs';
import { ContentsFailure } from './contents-failure.ts';
import { checkpointFolder, deleteCheckpointsOf } from './checkpoints.ts';
import { isWritable } from './entry-model.ts';
import { locate } from './location.ts';
import type { Location } from './location.ts';
import type { DiskSettings } from './settings.ts';
import { moveToTrash } from './trash.ts';

export function removeEntry(apiPath: string, settings: DiskSettings): void {
  const location = locate(apiPath, settings);
  if (location.path === '') throw new ContentsFailure('BAD_REQUEST', "Can't delete root");
  if (location.isHidden && !settings.allowHidden)
    throw new ContentsFailure('BAD_REQUEST', `Cannot delete file or directory '${location.path}'`);
  const stats = lstatSync(location.osPath, { throwIfNoEntry: false });
  if (stats === undefined)
    throw new ContentsFailure('NOT_FOUND', `file or directory does not exist: '${location.path}'`);
  if (settings.deleteToTrash) {
    if (!stats.isSymbolicLink() && !isWritable(location.osPath))
      throw new ContentsFailure('FORBIDDEN', `Permission denied: ${location.path}`);
    moveToTrash(location, settings);
  } else if (stats.isDirectory()) removeDirectory(location, settings);
  else unlinkSync(location.osPath);
  if (!stats.isDirectory()) deleteCheckpointsOf(location, settings);
}

function removeDirectory(location: Location, settings: DiskSettings): void {
  // Checkpoints of files that are gone do not make a folder less empty.
  const isEmpty = readdirSync(location.osPath).every((name) => name === checkpointFolder);
  if (!isEmpty && !settings.alwaysDeleteDir)
    throw new ContentsFailure('BAD_REQUEST', `Directory ${location.path} not empty`);
  if (settings.alwaysDeleteDir) return rmSync(location.osPath, { recursive: true });
  rmSync(`${location.osPath}/${checkpointFolder}`, { recursive: true, force: true });
  rmdirSync(location.osPath); // Fails if something has come in meanwhile.
}
