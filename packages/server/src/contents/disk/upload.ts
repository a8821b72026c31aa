// Uploads in parts. What has come so far is a hidden file beside the target; its name says for which target, how many
// parts and how many bytes it has. So any worker, also of a restarted server, can go on with it.
import { createHash } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { ContentsFailure } from './contents-failure.ts';
import { replaceWith, writeFully } from './atomic-write.ts';
import { giveToFolderOwner } from './give-to-folder-owner.ts';
import type { Location } from './location.ts';
import type { DiskSettings } from './settings.ts';

const prefix = '.perijove-upload-';

export type Received = { status: 'partial'; osPath: string } | { status: 'complete' };

/** Takes one part; puts the file in its place when the last (-1) has come. */
export function receiveChunk(
  location: Location,
  chunk: number,
  data: Uint8Array,
  settings: DiskSettings,
): Received {
  const folder = dirname(location.osPath);
  const id = createHash('sha256').update(location.osPath).digest('hex').slice(0, 16);
  if (chunk === 1) begin(folder, id, settings);
  const sofar = findUpload(folder, id);
  if (chunk > 1 || chunk === -1) requireNext(location, chunk, sofar);
  const next = { count: (sofar?.count ?? 0) + 1, length: (sofar?.length ?? 0) + data.length };
  const path = append(folder, id, sofar, data, next, settings, chunk === -1);
  if (chunk !== -1) return { status: 'partial', osPath: path };
  try {
    replaceWith(path, location.osPath, settings);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  }
  return { status: 'complete' };
}

/** Removes uploads of this folder that have got no further for the settable time; answers whether others are left. */
export function removeAbandonedUploads(folder: string, settings: DiskSettings, now: number): boolean {
  let areLeft = false;
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(prefix)) continue;
    const path = join(folder, name);
    const changedMs = lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now;
    if (now - changedMs >= settings.abandonUploadS * 1000) rmSync(path, { force: true });
    else areLeft = true;
  }
  return areLeft;
}

interface Upload {
  readonly name: string;
  readonly count: number;
  readonly length: number;
}

function begin(folder: string, id: string, settings: DiskSettings): void {
  removeAbandonedUploads(folder, settings, Date.now());
  const earlier = findUpload(folder, id);
  if (earlier !== undefined) rmSync(join(folder, earlier.name), { force: true });
}

function findUpload(folder: string, id: string): Upload | undefined {
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(prefix + id)) continue;
    const [count, length] = name
      .slice(prefix.length + id.length + 1)
      .split('-')
      .map(Number);
    if (count !== undefined && length !== undefined) return { name, count, length };
  }
  return undefined;
}

function requireNext(location: Location, chunk: number, sofar: Upload | undefined): void {
  if (sofar === undefined)
    throw new ContentsFailure('CONFLICT', `No upload of ${location.path} is under way; begin with chunk 1`);
  if (chunk !== -1 && chunk !== sofar.count + 1) {
    throw new ContentsFailure(
      'CONFLICT',
      `Chunk ${sofar.count + 1} of ${location.path} is expected, not ${chunk}: another upload of it may have begun`,
    );
  }
}

function append(
  folder: string,
  id: string,
  sofar: Upload | undefined,
  data: Uint8Array,
  next: { count: number; length: number },
  settings: DiskSettings,
  isLast: boolean,
): string {
  const path = join(folder, `${prefix}${id}-${next.count}-${next.length}`);
  const old = sofar === undefined ? path : join(folder, sofar.name);
  const fd = openSync(old, sofar === undefined ? 'wx' : 'r+', 0o666);
  try {
    if (sofar === undefined) giveToFolderOwner(old, fd);
    // A part that was cut off by a crash or a full disk is overwritten.
    ftruncateSync(fd, sofar?.length ?? 0);
    writeFully(fd, data, sofar?.length ?? 0);
    if (isLast && settings.useFsync) fsyncSync(fd);
  } catch (error) {
    // There is nothing to go on from when the disk is full, and it needs the room.
    rmSync(old, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  if (old !== path) renameSync(old, path);
  return path;
}
