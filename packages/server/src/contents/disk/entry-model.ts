import { accessSync, constants, lstatSync } from 'node:fs';
import type { Stats } from 'node:fs';
import type { ContentsModel } from '../contents.ts';
import { guessMimeType } from './mime-type.ts';

/** The model of an entry without its content. `type` says as what it was asked for. */
export function entryModel(
  at: { name: string; path: string; osPath: string },
  type: ContentsModel['type'],
  stats: Stats = lstatSync(at.osPath),
): ContentsModel {
  return {
    name: at.name,
    path: at.path,
    last_modified: timestamp(stats.mtimeMs),
    created: timestamp(stats.birthtimeMs > 0 ? stats.birthtimeMs : stats.ctimeMs),
    content: null,
    format: null,
    mimetype: type === 'file' ? guessMimeType(at.name) : null,
    size: type === 'directory' ? null : stats.size,
    writable: isWritable(at.osPath),
    hash: null,
    hash_algorithm: null,
    type,
  };
}

export function isWritable(osPath: string): boolean {
  try {
    accessSync(osPath, constants.W_OK);
    return true;
  } catch {
    return false; // Whatever the reason, we cannot write it.
  }
}

/** ISO 8601 in UTC with microseconds; the epoch for what no calendar has. */
export function timestamp(ms: number): string {
  const micros = Math.floor(ms * 1000);
  const date = new Date(Math.floor(micros / 1000));
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() > 9999) return '1970-01-01T00:00:00.000000Z';
  const fraction = micros - Math.floor(micros / 1000) * 1000;
  return `${date.toISOString().slice(0, -1)}${String(fraction).padStart(3, '0')}Z`;
}
