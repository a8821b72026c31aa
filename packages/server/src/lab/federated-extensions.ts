import { join } from 'node:path';
import { isJsonObject, type JsonObject } from '../json-object.ts';
import { type JsonFiles, namesIn } from './json-files.ts';

/** A prebuilt extension, installed under one of the `labextensions` folders. */
export interface FederatedExtension {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
  readonly manifest: JsonObject;
  /** `jupyterlab._build` of its package.json: what the page needs to load it. Absent if it was never built. */
  readonly build: JsonObject | undefined;
  /** install.json: which package manager brought it. */
  readonly install: unknown;
}

export interface FederatedExtensionList {
  readonly extensions: readonly FederatedExtension[];
  readonly stamps: readonly string[];
  readonly problems: readonly string[];
}

/** Finds prebuilt extensions: `<root>/<name>` and `<root>/@org/<name>`; of two with one name, the first root's. */
export class FederatedExtensions {
  readonly #files: JsonFiles;
  readonly #roots: readonly string[];

  constructor(files: JsonFiles, roots: readonly string[]) {
    this.#files = files;
    this.#roots = roots;
  }

  async list(): Promise<FederatedExtensionList> {
    const folders = (await Promise.all(this.#roots.map(extensionFolders))).flat();
    const read = await Promise.all(
      folders.map(async (folder) => ({
        manifest: await this.#files.read(join(folder, 'package.json')),
        install: await this.#files.read(join(folder, 'install.json')),
        folder,
      })),
    );
    const extensions = new Map<string, FederatedExtension>();
    const stamps: string[] = [];
    const problems: string[] = [];
    for (const { manifest, install, folder } of read) {
      if (manifest === undefined) continue;
      stamps.push(`${folder}=${manifest.stamp},${install?.stamp ?? ''}`);
      if ('problem' in manifest) {
        problems.push(manifest.problem);
        continue;
      }
      const extension = fromManifest(
        folder,
        manifest.value,
        install && 'value' in install ? install.value : null,
      );
      if (extension === undefined) problems.push(`${folder}: package.json names no package`);
      else if (!extensions.has(extension.name)) extensions.set(extension.name, extension);
    }
    return { extensions: [...extensions.values()], stamps, problems };
  }

  /** The folder of one extension, by its name; undefined if it is not installed. */
  async folderOf(name: string): Promise<string | undefined> {
    const { extensions } = await this.list();
    return extensions.find((extension) => extension.name === name)?.folder;
  }
}

async function extensionFolders(root: string): Promise<string[]> {
  const names = await namesIn(root);
  const perName = await Promise.all(
    names.map(async (name) =>
      name.startsWith('@')
        ? (await namesIn(join(root, name))).map((inner) => join(root, name, inner))
        : [join(root, name)],
    ),
  );
  return perName.flat();
}

function fromManifest(folder: string, manifest: unknown, install: unknown): FederatedExtension | undefined {
  if (!isJsonObject(manifest) || typeof manifest['name'] !== 'string') return undefined;
  const jupyterlab = isJsonObject(manifest['jupyterlab']) ? manifest['jupyterlab'] : {};
  const build = isJsonObject(jupyterlab['_build']) && typeof jupyterlab['_build']['load'] === 'string';
  return {
    name: manifest['name'],
    version: typeof manifest['version'] === 'string' ? manifest['version'] : '',
    folder,
    manifest,
    build: build ? (jupyterlab['_build'] as JsonObject) : undefined,
    install,
  };
}
