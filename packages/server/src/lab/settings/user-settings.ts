import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import JSON5 from 'json5';
import { isJsonObject, type JsonObject } from '../../json-object.ts';
import type { PluginId } from './plugin-id.ts';

export const settingsExtension = '.jupyterlab-settings';

/** A user's file of settings as it is on disk. */
export type UserSettings =
  | { readonly status: 'none' }
  | {
      readonly status: 'unreadable';
      readonly stamp: string;
      readonly raw: string;
      readonly problem: string;
      readonly times: Times;
    }
  | {
      readonly status: 'read';
      readonly stamp: string;
      readonly raw: string;
      readonly settings: JsonObject;
      readonly times: Times;
    };

interface Times {
  readonly last_modified: string;
  readonly created: string;
}

export function userSettingsPath(folder: string, id: PluginId): string {
  return join(folder, id.package, id.plugin + settingsExtension);
}

/** Reads JSON5, comments and all: `raw` is what the user wrote. */
export async function readUserSettings(path: string): Promise<UserSettings> {
  let raw: string;
  let known: { stamp: string; times: Times };
  try {
    const { mtime, ctime, mtimeMs, size, ino } = await stat(path);
    const times = { last_modified: mtime.toISOString(), created: ctime.toISOString() };
    known = { stamp: `${ino}:${mtimeMs}:${size}`, times };
    raw = (await readFile(path, 'utf8')) || '{}';
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return { status: 'none' };
    throw error;
  }
  try {
    const settings: unknown = JSON5.parse(raw);
    if (isJsonObject(settings)) return { status: 'read', raw, settings, ...known };
    return { status: 'unreadable', raw, problem: 'not an object', ...known };
  } catch (error) {
    return { status: 'unreadable', raw, problem: (error as Error).message, ...known };
  }
}
