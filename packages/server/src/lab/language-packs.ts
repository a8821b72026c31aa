import { basename, dirname, isAbsolute, join, posix } from 'node:path';
import { isJsonObject, type JsonObject } from '../json-object.ts';
import { type JsonFiles, namesIn } from './json-files.ts';
import { isLocale, pseudoLocale } from './locale.ts';

const packPrefix = 'jupyterlab_language_pack_';

/** One domain (`jupyterlab`, an extension's name) → its messages. */
export type Catalogues = Record<string, JsonObject>;

/**
 * Language packs are Python wheels, `jupyterlab_language_pack_fr_FR/locale/fr_FR/LC_MESSAGES/*.json`. They are found by
 * looking into the site-packages of the installations that kernels and extensions come from; no Python is run for that.
 */
export class LanguagePacks {
  readonly #files: JsonFiles;
  readonly #pythons: () => Promise<readonly string[]>;
  readonly #dataPath: readonly string[];

  constructor(files: JsonFiles, dataPath: readonly string[], pythons: () => Promise<readonly string[]>) {
    this.#files = files;
    this.#dataPath = dataPath;
    this.#pythons = pythons;
  }

  /** Locale → folder of its pack. */
  async list(): Promise<ReadonlyMap<string, string>> {
    const packs = new Map<string, string>();
    for (const folder of await this.#sitePackages()) {
      for (const name of await namesIn(folder)) {
        if (!name.startsWith(packPrefix) || name.includes('.')) continue;
        const locale = name.slice(packPrefix.length);
        if ((isLocale(locale) || locale === pseudoLocale) && !packs.has(locale))
          packs.set(locale, join(folder, name));
      }
    }
    return packs;
  }

  /** The messages of a language; undefined if no pack for it is installed. */
  async load(
    locale: string,
  ): Promise<{ stamp: string; catalogues: Catalogues; problems: string[] } | undefined> {
    const folder = (await this.list()).get(locale);
    if (folder === undefined) return undefined;
    const catalogues: Catalogues = {};
    const stamps: string[] = [];
    const problems: string[] = [];
    const messages = join(folder, 'locale', locale, 'LC_MESSAGES');
    for (const name of await namesIn(messages)) {
      if (!name.endsWith('.json')) continue;
      const file = await this.#files.read(join(messages, name));
      if (file === undefined) continue;
      stamps.push(`${name}=${file.stamp}`);
      if ('problem' in file) problems.push(file.problem);
      else if (isJsonObject(file.value)) catalogues[name.slice(0, -'.json'.length)] = file.value;
    }
    return { stamp: stamps.join(','), catalogues, problems };
  }

  async #sitePackages(): Promise<string[]> {
    const prefixes = new Set([
      // <prefix>/bin/python
      ...(await this.#pythons()).filter(isPython).map((python) => dirname(dirname(python))),
      // <prefix>/share/jupyter
      ...this.#dataPath
        .filter((folder) => folder.endsWith('/share/jupyter'))
        .map((folder) => posix.dirname(posix.dirname(folder))),
    ]);
    const perPrefix = await Promise.all(
      [...prefixes].flatMap((prefix) =>
        [join(prefix, 'lib'), join(prefix, 'local', 'lib')].map(async (lib) =>
          (await namesIn(lib))
            .filter((name) => /^python3(\.\d+)?$/.test(name))
            .flatMap((name) => [join(lib, name, 'site-packages'), join(lib, name, 'dist-packages')]),
        ),
      ),
    );
    return perPrefix.flat();
  }
}

/** Kernelspecs of other languages, and those that leave it to PATH, tell nothing of an installation. */
function isPython(command: string): boolean {
  return isAbsolute(command) && /^python[\d.]*$/.test(basename(command));
}
