import { join } from 'node:path';
import { mergeFiles, mergeInto, readLabConfig, type Layers } from '../config-layers.ts';
import { isJsonObject, type JsonObject } from '../../json-object.ts';
import { type JsonFiles, namesIn } from '../json-files.ts';

/**
 * An administrator's defaults: `{plugin id: {setting: value}}` of `overrides.d/*` and `overrides.json(5)` in the settings
 * folders of JupyterLab (least important first), then `labconfig/default_setting_overrides`.
 */
export async function readOverrides(
  files: JsonFiles,
  settingsFolders: readonly string[],
  configPath: readonly string[],
): Promise<Layers> {
  const perFolder = await Promise.all(
    settingsFolders.map(async (folder) => {
      const parts = (await namesIn(join(folder, 'overrides.d'))).filter((name) => /\.json5?$/.test(name));
      return [...parts.map((name) => join('overrides.d', name)), 'overrides.json', 'overrides.json5'].map(
        (name) => join(folder, name),
      );
    }),
  );
  const own = await mergeFiles(files, perFolder.flat());
  const config = await readLabConfig(files, configPath, 'default_setting_overrides');
  mergeInto(own.data, config.data);
  return {
    data: own.data,
    stamps: [...own.stamps, ...config.stamps],
    problems: [...own.problems, ...config.problems],
  };
}

/** A schema with its defaults replaced; the given one is left as it is. */
export function withOverrides(schema: JsonObject, overrides: unknown): JsonObject {
  if (!isJsonObject(overrides)) return schema;
  const properties: JsonObject = isJsonObject(schema['properties']) ? { ...schema['properties'] } : {};
  for (const [key, value] of Object.entries(overrides)) {
    const property = isJsonObject(properties[key]) ? properties[key] : {};
    properties[key] = { ...property, default: overridden(property['default'], value) };
  }
  return { ...schema, properties };
}

function overridden(known: unknown, value: unknown): unknown {
  if (!isJsonObject(known) || !isJsonObject(value)) return value;
  const merged = structuredClone(known);
  mergeInto(merged, value);
  return merged;
}
