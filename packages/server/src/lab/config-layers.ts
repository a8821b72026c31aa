import { join } from 'node:path';
import { isJsonObject, type JsonObject } from '../json-object.ts';
import { type JsonFile, type JsonFiles, namesIn } from './json-files.ts';

export interface Layers {
  readonly data: JsonObject;
  readonly stamps: readonly string[];
  readonly problems: readonly string[];
}

/**
 * Merges the files of one section over Jupyter's config path, the way jupyter_server's ConfigManager does: in each folder
 * `labconfig/<section>.d/*.json` and then `labconfig/<section>.json`; the first folder of the path counts most.
 */
export async function readLabConfig(
  files: JsonFiles,
  configPath: readonly string[],
  section: string,
): Promise<Layers> {
  const perFolder = await Promise.all(
    configPath.map(async (folder) => {
      const base = join(folder, 'labconfig', section);
      const parts = (await namesIn(`${base}.d`)).filter((name) => name.endsWith('.json'));
      return [...parts.map((name) => join(`${base}.d`, name)), `${base}.json`];
    }),
  );
  return mergeFiles(files, perFolder.toReversed().flat());
}

/** Merges whole files, the last one counts most. Files that are missing do not matter, broken ones are reported. */
export async function mergeFiles(files: JsonFiles, paths: readonly string[]): Promise<Layers> {
  const found = await Promise.all(paths.map((path) => files.read(path)));
  const data: JsonObject = {};
  const stamps: string[] = [];
  const problems: string[] = [];
  for (const [index, file] of found.entries()) {
    if (file === undefined) continue;
    stamps.push(`${paths[index]}=${file.stamp}`);
    const value = objectIn(file);
    if (value === undefined)
      problems.push('problem' in file ? file.problem : `${paths[index]}: not an object`);
    else mergeInto(data, value);
  }
  return { data, stamps, problems };
}

/** `recursive_update` of jupyter_server: objects are merged, null removes, what is left empty goes. */
export function mergeInto(target: JsonObject, update: JsonObject): void {
  for (const [key, value] of Object.entries(update)) {
    // As data of somebody else's file, this key would change every object of the server.
    if (key === '__proto__') continue;
    if (isJsonObject(value)) {
      const inner = isJsonObject(target[key]) ? target[key] : {};
      mergeInto(inner, value);
      if (Object.keys(inner).length > 0) target[key] = inner;
      else delete target[key];
    } else if (value === null) {
      delete target[key];
    } else {
      target[key] = structuredClone(value);
    }
  }
}

function objectIn(file: JsonFile): JsonObject | undefined {
  return 'value' in file && isJsonObject(file.value) ? file.value : undefined;
}
