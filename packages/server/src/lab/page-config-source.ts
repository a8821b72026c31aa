import { join } from 'node:path';
import { mergeFiles, mergeInto, readLabConfig } from './config-layers.ts';
import type { FederatedExtensions } from './federated-extensions.ts';
import type { JsonObject } from '../json-object.ts';
import { type JsonFiles, stampOf } from './json-files.ts';
import { pageConfig, type PageFacts } from './page-config.ts';
import type { Warnings } from './warnings.ts';

export interface PageConfigSourceOptions {
  readonly files: JsonFiles;
  readonly federated: FederatedExtensions;
  readonly facts: Omit<PageFacts, 'appVersion'>;
  /** Settings folders of JupyterLab, the least important first. */
  readonly appSettingsDirs: readonly string[];
  readonly configPath: readonly string[];
  readonly warnings: Warnings;
}

/** The page's configuration out of files that may change while the server runs; made anew only when they do. */
export class PageConfigSource {
  readonly #options: PageConfigSourceOptions;
  #last: { key: string; config: JsonObject } | undefined;

  constructor(options: PageConfigSourceOptions) {
    this.#options = options;
  }

  async read(appVersion: string): Promise<JsonObject> {
    const { files, federated, appSettingsDirs, configPath, facts, warnings } = this.#options;
    const [application, user, found] = await Promise.all([
      mergeFiles(files, (await Promise.all(appSettingsDirs.map(pageConfigFile))).flat()),
      readLabConfig(files, configPath, 'page_config'),
      federated.list(),
    ]);
    warnings.warn(
      [...application.problems, ...user.problems].map(
        (problem) => `page configuration is ignored: ${problem}`,
      ),
    );
    warnings.warn(found.problems.map((problem) => `an extension is ignored: ${problem}`));
    warnings.warn(
      found.extensions
        .filter(({ build }) => build === undefined)
        .map(({ name, folder }) => `an extension is ignored: ${name} in ${folder} was not built`),
    );
    const key = [appVersion, ...application.stamps, ...user.stamps, ...found.stamps].join('|');
    if (this.#last?.key !== key) {
      const configured = listsAsObjects(application.data);
      mergeInto(configured, user.data);
      this.#last = { key, config: pageConfig({ ...facts, appVersion }, configured, found.extensions) };
    }
    return this.#last.config;
  }
}

/** The JSON5 form hides the other, as in jupyterlab_server. */
async function pageConfigFile(folder: string): Promise<string[]> {
  for (const name of ['page_config.json5', 'page_config.json']) {
    if ((await stampOf(join(folder, name))) !== undefined) return [join(folder, name)];
  }
  return [];
}

/** Here these may be lists of names; further up they are objects, that lower layers can take a name out of. */
function listsAsObjects(config: JsonObject): JsonObject {
  const copy = structuredClone(config);
  for (const key of ['disabledExtensions', 'deferredExtensions', 'lockedExtensions']) {
    const value = copy[key];
    if (Array.isArray(value)) copy[key] = Object.fromEntries(value.map((name) => [String(name), true]));
  }
  return copy;
}
