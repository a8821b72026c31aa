// What a worker can be asked to do. All of it is synchronous: in its own thread it holds nobody up, and that is
// several times quicker than a promise for every entry of a folder.
import type { BodyBlocks, GetOptions } from './contents.ts';
import {
  createCheckpoint,
  deleteCheckpoint,
  listCheckpoints,
  restoreCheckpoint,
} from './disk/checkpoints.ts';
import { copyEntry } from './disk/copy.ts';
import { diskError } from './disk/disk-error.ts';
import { locate } from './disk/location.ts';
import { readEntry } from './disk/read.ts';
import { removeEntry } from './disk/remove.ts';
import { renameEntry } from './disk/rename.ts';
import { saveEntry } from './disk/save.ts';
import type { DiskSettings } from './disk/settings.ts';
import { trustNotebook } from './disk/trust.ts';
import { createUntitled } from './disk/untitled.ts';
import type { UntitledOptions } from './disk/untitled.ts';
import { removeAbandonedUploads } from './disk/upload.ts';
import { statSync } from 'node:fs';

export const operations = {
  get: (settings: DiskSettings, path: string, options: GetOptions) => readEntry(path, options, settings),
  save: (settings: DiskSettings, path: string, body: BodyBlocks) =>
    saveEntry(path, joinBlocks(body), body.length, settings),
  createUntitled: (settings: DiskSettings, path: string, options: UntitledOptions) =>
    createUntitled(path, options, settings),
  copy: (settings: DiskSettings, from: string, to: string) => copyEntry(from, to, settings),
  rename: (settings: DiskSettings, from: string, to: string) => renameEntry(from, to, settings),
  delete: (settings: DiskSettings, path: string) => removeEntry(path, settings),
  isFile: (settings: DiskSettings, path: string) =>
    statSync(locate(path, settings).osPath, { throwIfNoEntry: false })?.isFile() ?? false,
  listCheckpoints: (settings: DiskSettings, path: string) => listCheckpoints(path, settings),
  createCheckpoint: (settings: DiskSettings, path: string) => createCheckpoint(path, settings),
  restoreCheckpoint: (settings: DiskSettings, path: string, id: string) =>
    restoreCheckpoint(path, id, settings),
  deleteCheckpoint: (settings: DiskSettings, path: string, id: string) =>
    deleteCheckpoint(path, id, settings),
  trust: (settings: DiskSettings, path: string) => trustNotebook(path, settings),
  removeAbandonedUploads: (settings: DiskSettings, folder: string, now: number) =>
    removeAbandonedUploads(folder, settings, now),
} as const;

export type Operations = typeof operations;
export type OperationName = keyof Operations;
type Tail<T extends readonly unknown[]> = T extends readonly [unknown, ...infer Rest] ? Rest : never;
/** Arguments of an operation behind the settings. */
export type OperationArguments<Name extends OperationName> = Tail<Parameters<Operations[Name]>>;
export type OperationResult<Name extends OperationName> = ReturnType<Operations[Name]>;

/** Performs an operation; what the operating system says is turned into a failure that names the path. */
export function perform<Name extends OperationName>(
  name: Name,
  settings: DiskSettings,
  args: OperationArguments<Name>,
): OperationResult<Name> {
  const operation = operations[name] as (settings: DiskSettings, ...rest: unknown[]) => OperationResult<Name>;
  try {
    return operation(settings, ...(args as unknown[]));
  } catch (error) {
    throw diskError(error, String((args as unknown[])[0]));
  }
}

/** The body in one piece with a 0 behind it. */
function joinBlocks(body: BodyBlocks): Uint8Array {
  const [only] = body.blocks;
  if (body.blocks.length === 1 && only !== undefined && only.byteLength > body.length) {
    const bytes = new Uint8Array(only);
    bytes[body.length] = 0;
    return bytes;
  }
  const whole = Buffer.allocUnsafeSlow(body.length + 1);
  let at = 0;
  for (const block of body.blocks) {
    const part = new Uint8Array(block, 0, Math.min(block.byteLength, body.length - at));
    whole.set(part, at);
    at += part.length;
  }
  whole[body.length] = 0;
  return whole;
}
