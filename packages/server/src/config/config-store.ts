import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FastifyBaseLogger } from 'fastify';
import { writeAtomically } from '../write-atomically.ts';
import { isJsonObject, type JsonObject } from '../json-object.ts';
import { layer, withoutDefaults } from './config-merge.ts';

export interface ConfigStoreOptions extends ConfigPlaces {
  readonly log: Pick<FastifyBaseLogger, 'warn'>;
}

export interface ConfigPlaces {
  /** Jupyter's config folders; the first one wins. */
  readonly configPath: readonly string[];
  /** The user's own, where changes go. */
  readonly configDir: string;
}

/**
 * Sections of the front end's configuration: `serverconfig/SECTION.json` over `SECTION.d/*.json`, in each config folder, the
 * user's over the environment's over the system's. A section name is a word, never a path.
 */
export class ConfigStore {
  readonly #options: ConfigStoreOptions;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(options: ConfigStoreOptions) {
    this.#options = options;
  }

  async read(section: string): Promise<JsonObject> {
    const folders = this.#options.configPath.toReversed();
    const files = await Promise.all(folders.map((folder) => filesOf(folder, section)));
    return this.#merge(files.flat());
  }

  /** Replaces the user's own section. What the `.d` folder says already is not written again. */
  write(section: string, config: JsonObject): Promise<void> {
    return this.#exclusively(() => this.#write(section, config));
  }

  /** Lays changes over the user's own section, and returns what that then is. */
  update(section: string, changes: JsonObject): Promise<JsonObject> {
    return this.#exclusively(async () => {
      const updated = layer(await this.#merge(await filesOf(this.#options.configDir, section)), changes);
      await this.#write(section, updated);
      return updated;
    });
  }

  async #write(section: string, config: JsonObject): Promise<void> {
    const own = fileOf(this.#options.configDir, section);
    const files = await filesOf(this.#options.configDir, section);
    const defaults = await this.#merge(files.filter((path) => path !== own));
    const text = JSON.stringify(withoutDefaults(config, defaults), null, 2);
    await writeAtomically(own, `${text}\n`);
  }

  async #merge(paths: readonly string[]): Promise<JsonObject> {
    let merged: JsonObject = {};
    for (const path of paths) merged = layer(merged, await this.#readFile(path));
    return merged;
  }

  /** A file that is broken is left out with a warning: one bad file of an extension must not take the settings of all. */
  async #readFile(path: string): Promise<JsonObject> {
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#options.log.warn({ err: error, path }, 'Cannot read a file of settings');
      return {};
    }
    if (text.trim() === '') return {};
    try {
      const config: unknown = JSON.parse(text);
      if (isJsonObject(config)) return config;
      this.#options.log.warn({ path }, 'A file of settings holds no JSON object, skipped');
    } catch {
      this.#options.log.warn({ path }, 'A file of settings is not JSON, skipped');
    }
    return {};
  }

  /** One change after the other: two tabs that update at once both count. */
  #exclusively<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#writing.then(change);
    this.#writing = result.catch(() => undefined); // its caller hears of it
    return result;
  }
}

/** For a user with a folder of their own: that in place of the account's, over what is the environment's and the system's. */
export function configPlaces({ configPath, configDir }: ConfigPlaces, folder: string): ConfigPlaces {
  return { configDir: folder, configPath: [folder, ...configPath.filter((other) => other !== configDir)] };
}

function fileOf(folder: string, section: string): string {
  return join(folder, 'serverconfig', `${section}.json`);
}

/** Those of one config folder, the lowest first; what a package put in `.d` is below what a user wrote. */
async function filesOf(folder: string, section: string): Promise<string[]> {
  const file = fileOf(folder, section);
  const extra = join(dirname(file), `${section}.d`);
  const names = await readdir(extra).catch(() => [] as string[]); // none, as a rule
  const visible = names.filter((name) => name.endsWith('.json') && !name.startsWith('.')).toSorted();
  return [...visible.map((name) => join(extra, name)), file];
}
