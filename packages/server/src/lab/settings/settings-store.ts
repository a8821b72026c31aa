import { constants, copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import JSON5 from 'json5';
import { ServerError } from '../../errors.ts';
import { CachedJson } from '../cached-json.ts';
import type { Layers } from '../config-layers.ts';
import type { FederatedExtensions } from '../federated-extensions.ts';
import type { JsonObject } from '../../json-object.ts';
import { type JsonFiles, namesIn } from '../json-files.ts';
import type { Warnings } from '../warnings.ts';
import { writeAtomically } from '../../write-atomically.ts';
import { readOverrides, withOverrides } from './overrides.ts';
import { parsePluginId, type PluginId } from './plugin-id.ts';
import type { SchemaFile, SchemaFiles } from './schema-files.ts';
import type { SchemaValidator } from './schema-validator.ts';
import { readUserSettings, settingsExtension, userSettingsPath, type UserSettings } from './user-settings.ts';

export interface SettingsStoreOptions {
  readonly files: JsonFiles;
  readonly schemas: SchemaFiles;
  readonly validator: SchemaValidator;
  readonly federated: FederatedExtensions;
  readonly userDir: string;
  /** Folders with an administrator's overrides, the least important first. */
  readonly appSettingsDirs: readonly string[];
  readonly configPath: readonly string[];
  readonly warnings: Warnings;
  /** Puts the words of schemas into the language of the user. */
  readonly translation?: SchemaTranslation;
}

export interface SchemaTranslation {
  /** Undefined if schemas are to stay in English. */
  prepare(): Promise<PreparedTranslation | undefined>;
}

export interface PreparedTranslation {
  /** Changes whenever what `translate` gives does. */
  readonly key: string;
  translate(schema: JsonObject): JsonObject;
}

interface Entry {
  readonly key: string;
  readonly json: string;
}

/** One plugin's settings as the front end gets them. */
export interface PluginSettings {
  readonly id: string;
  readonly schema: JsonObject;
  readonly version: string;
  readonly raw: string;
  readonly settings: JsonObject;
  readonly last_modified: string | null;
  readonly created: string | null;
  /** Why the user's file counts for nothing just now. */
  readonly warning?: string;
}

/** One user's settings of JupyterLab's plugins: schemas that came with the plugins, and what the user changed. */
export class SettingsStore {
  readonly #options: SettingsStoreOptions;
  /** Serialised settings by id, each good for one state of its files. */
  readonly #entries = new Map<string, Entry>();
  #list: { key: string; json: CachedJson } | undefined;

  constructor(options: SettingsStoreOptions) {
    this.#options = options;
  }

  /** All plugins' settings, last id first. One with a broken schema is left out, and a warning says so. */
  async list(): Promise<CachedJson> {
    const [files, overrides, changed] = await Promise.all([
      this.#schemaFiles(),
      this.#overrides(),
      this.#changedIds(),
    ]);
    const translation = await this.#options.translation?.prepare();
    const entries = await Promise.all(
      files.map((file) => this.#entry(file, overrides, translation, changed.has(file.id.id))),
    );
    const found = entries.filter((entry) => entry !== undefined);
    const key = found.map((entry) => entry.key).join('\n');
    if (this.#list?.key !== key) {
      this.#list = {
        key,
        json: new CachedJson(`{"settings":[${found.map((entry) => entry.json).join(',')}]}`),
      };
    }
    return this.#list.json;
  }

  async listIds(): Promise<{ settings: { id: string }[] }> {
    return { settings: (await this.#schemaFiles()).map(({ id }) => ({ id: id.id })) };
  }

  /** The serialised settings of one plugin. Throws NOT_FOUND if no plugin has this id. */
  async get(id: string): Promise<CachedJson> {
    const file = await this.#find(parsePluginId(id));
    const [overrides, translation] = await Promise.all([
      this.#overrides(),
      this.#options.translation?.prepare(),
    ]);
    const entry = await this.#entry(file, overrides, translation, true);
    if (entry === undefined) throw new ServerError('NOT_FOUND', `The schema of ${id} cannot be read`);
    return new CachedJson(entry.json);
  }

  /** What the user set for one plugin, {} if nothing, or nothing that is valid. */
  async userSettings(id: string): Promise<JsonObject> {
    const settings = await readUserSettings(userSettingsPath(this.#options.userDir, parsePluginId(id)));
    return settings.status === 'read' ? settings.settings : {};
  }

  /**
   * Writes what the user typed, comments and all. Throws BAD_REQUEST if it is not JSON5 or breaks the schema. A file that
   * was broken before is kept beside the new one.
   */
  async save(id: string, raw: string): Promise<void> {
    const pluginId = parsePluginId(id);
    const schema = await this.#schemaOf(await this.#find(pluginId), await this.#overrides());
    if (schema === undefined) throw new ServerError('NOT_FOUND', `The schema of ${id} cannot be read`);
    let settings: unknown;
    try {
      settings = JSON5.parse(raw);
    } catch (error) {
      throw new ServerError('BAD_REQUEST', `Failed parsing settings (${id}): ${(error as Error).message}`);
    }
    const problem = await this.#options.validator.problemWith(settings, schema);
    if (problem !== undefined) throw new ServerError('BAD_REQUEST', `Failed validating input: ${problem}`);

    const path = userSettingsPath(this.#options.userDir, pluginId);
    await this.#keepBroken(path, schema);
    await writeAtomically(path, raw);
  }

  async #find(id: PluginId): Promise<SchemaFile> {
    const { extensions } = await this.#options.federated.list();
    const file = await this.#options.schemas.find(id, extensions);
    if (file === undefined) throw new ServerError('NOT_FOUND', `Schema not found: ${id.id}`);
    return file;
  }

  async #schemaFiles(): Promise<readonly SchemaFile[]> {
    const { extensions } = await this.#options.federated.list();
    return this.#options.schemas.list(extensions);
  }

  async #overrides(): Promise<Layers> {
    const { files, appSettingsDirs, configPath, warnings } = this.#options;
    const overrides = await readOverrides(files, appSettingsDirs, configPath);
    warnings.warn(overrides.problems.map((problem) => `overrides of settings are ignored: ${problem}`));
    return overrides;
  }

  /** Ids that have a user's file, so that a listing looks at those alone. */
  async #changedIds(): Promise<ReadonlySet<string>> {
    const { userDir } = this.#options;
    const packages = await Promise.all(
      (await namesIn(userDir)).map(async (name) =>
        name.startsWith('@')
          ? (await namesIn(join(userDir, name))).map((inner) => `${name}/${inner}`)
          : [name],
      ),
    );
    const ids = packages
      .flat()
      .map(async (name) =>
        (await namesIn(join(userDir, name)))
          .filter((file) => file.endsWith(settingsExtension))
          .map((file) => `${name}:${file.slice(0, -settingsExtension.length)}`),
      );
    return new Set((await Promise.all(ids)).flat());
  }

  async #entry(
    file: SchemaFile,
    overrides: Layers,
    translation: PreparedTranslation | undefined,
    mayBeChanged: boolean,
  ): Promise<Entry | undefined> {
    const id = file.id.id;
    const user: UserSettings = mayBeChanged
      ? await readUserSettings(userSettingsPath(this.#options.userDir, file.id))
      : { status: 'none' };
    const stamp = user.status === 'none' ? '' : user.stamp;
    const key = [id, file.path, file.stamp, ...overrides.stamps, stamp, translation?.key ?? ''].join('|');
    const known = this.#entries.get(id);
    if (known?.key === key) return known;

    const schema = await this.#schemaOf(file, overrides);
    if (schema === undefined) return undefined;
    const entry = { key, json: JSON.stringify(await this.#describe(file, schema, user, translation)) };
    this.#entries.set(id, entry);
    return entry;
  }

  async #describe(
    file: SchemaFile,
    schema: JsonObject,
    user: UserSettings,
    translation: PreparedTranslation | undefined,
  ): Promise<PluginSettings> {
    const id = file.id.id;
    const plugin = { id, schema: translation?.translate(schema) ?? schema, version: file.version };
    const times = user.status === 'none' ? { last_modified: null, created: null } : user.times;
    if (user.status === 'none') return { ...plugin, raw: '{}', settings: {}, ...times };
    const problem =
      user.status === 'unreadable'
        ? user.problem
        : await this.#options.validator.problemWith(user.settings, schema);
    if (problem === undefined && user.status === 'read') {
      return { ...plugin, raw: user.raw, settings: user.settings, ...times };
    }
    const warning = `Failed ${user.status === 'read' ? 'validating' : 'loading'} settings (${id}): ${problem}`;
    this.#options.warnings.warn([warning]);
    return { ...plugin, raw: '{}', settings: {}, ...times, warning };
  }

  async #schemaOf(file: SchemaFile, overrides: Layers): Promise<JsonObject | undefined> {
    const read = await this.#options.schemas.read(file);
    if ('problem' in read) {
      this.#options.warnings.warn([`settings of ${file.id.id} are left out: ${read.problem}`]);
      return undefined;
    }
    return withOverrides(read.schema, overrides.data[file.id.id]);
  }

  /** The front end was shown `{}` in place of a broken file; what is saved now must not be the end of it. */
  async #keepBroken(path: string, schema: JsonObject): Promise<void> {
    const before = await readUserSettings(path);
    if (before.status === 'none') return;
    const isBroken =
      before.status === 'unreadable' ||
      (await this.#options.validator.problemWith(before.settings, schema)) !== undefined;
    if (!isBroken) return;
    const copy = `${path}.broken-${before.times.last_modified.replaceAll(':', '')}`;
    await copyFile(path, copy, constants.COPYFILE_EXCL).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    this.#options.warnings.warn([`${path} was broken; it is kept as ${copy}`]);
  }
}
