import { join } from 'node:path';
import type { FederatedExtension } from '../federated-extensions.ts';
import { isJsonObject, type JsonObject } from '../../json-object.ts';
import { type JsonFiles, namesIn, stampOf } from '../json-files.ts';
import type { PluginId } from './plugin-id.ts';

export interface SchemaFile {
  readonly id: PluginId;
  readonly path: string;
  readonly stamp: string;
  readonly version: string;
}

/** Finds the schemas of settings: those that a prebuilt extension brings come before the front end's own. */
export class SchemaFiles {
  readonly #files: JsonFiles;
  readonly #folder: string;
  /** The front end's own are part of its build, so they are looked for again only when their folder changes. */
  #own: { stamp: string; files: readonly SchemaFile[] } | undefined;

  constructor(files: JsonFiles, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  /** Sorted by id, the last first: the order in which jupyterlab_server lists them. */
  async list(extensions: readonly FederatedExtension[]): Promise<readonly SchemaFile[]> {
    const brought = await Promise.all(extensions.map(({ folder }) => this.#scan(join(folder, 'schemas'))));
    const byId = new Map<string, SchemaFile>();
    for (const file of [...brought.flat(), ...(await this.#listOwn())]) {
      if (!byId.has(file.id.id)) byId.set(file.id.id, file);
    }
    return [...byId.values()].toSorted((a, b) => (a.id.id < b.id.id ? 1 : -1));
  }

  async find(id: PluginId, extensions: readonly FederatedExtension[]): Promise<SchemaFile | undefined> {
    const folders = extensions
      .filter(({ name }) => name === id.package)
      .map(({ folder }) => join(folder, 'schemas'));
    for (const folder of [...folders, this.#folder]) {
      const file = await this.#describe(folder, id);
      if (file !== undefined) return file;
    }
    return undefined;
  }

  /** The parsed schema; a sentence if it is none. */
  async read(file: SchemaFile): Promise<{ schema: JsonObject } | { problem: string }> {
    const read = await this.#files.read(file.path);
    if (read === undefined) return { problem: `${file.path} is gone` };
    if ('problem' in read) return { problem: read.problem };
    return isJsonObject(read.value) ? { schema: read.value } : { problem: `${file.path}: not an object` };
  }

  async #listOwn(): Promise<readonly SchemaFile[]> {
    const stamp = (await stampOf(this.#folder)) ?? '';
    if (this.#own?.stamp !== stamp) this.#own = { stamp, files: await this.#scan(this.#folder) };
    return this.#own.files;
  }

  async #scan(folder: string): Promise<SchemaFile[]> {
    const found = await Promise.all(
      (await packagesIn(folder)).map(async (name) => {
        const plugins = (await namesIn(join(folder, name))).filter((file) => file.endsWith('.json'));
        return plugins.map((file) => {
          const plugin = file.slice(0, -'.json'.length);
          return this.#describe(folder, { id: `${name}:${plugin}`, package: name, plugin });
        });
      }),
    );
    return (await Promise.all(found.flat())).filter((file) => file !== undefined);
  }

  async #describe(folder: string, id: PluginId): Promise<SchemaFile | undefined> {
    const path = join(folder, id.package, `${id.plugin}.json`);
    const stamp = await stampOf(path);
    if (stamp === undefined) return undefined;
    const original = await this.#files.read(join(folder, id.package, 'package.json.orig'));
    const version =
      original && 'value' in original && isJsonObject(original.value) ? original.value['version'] : undefined;
    return { id, path, stamp, version: typeof version === 'string' ? version : 'N/A' };
  }
}

async function packagesIn(folder: string): Promise<string[]> {
  const perName = await Promise.all(
    (await namesIn(folder)).map(async (name) =>
      name.startsWith('@') ? (await namesIn(join(folder, name))).map((inner) => `${name}/${inner}`) : [name],
    ),
  );
  return perName.flat();
}
