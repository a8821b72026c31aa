import { join } from 'node:path';
import { ServerError } from '../errors.ts';
import { readLabConfig } from './config-layers.ts';
import { isJsonObject, type JsonObject } from '../json-object.ts';
import type { JsonFiles } from './json-files.ts';
import { writeAtomically } from '../write-atomically.ts';

/** What JupyterLab's managers of extensions and plugins expect of an action. */
export interface ActionResult {
  readonly status: 'ok' | 'warning' | 'error';
  readonly message: string | null;
  readonly needs_restart: readonly ('frontend' | 'kernel' | 'server')[];
}

/** Switches plugins and whole extensions on and off, in the user's `labconfig/page_config.json`. */
export class PluginSwitches {
  readonly #files: JsonFiles;
  readonly #configPath: readonly string[];
  readonly #file: string;
  readonly #allLocked: boolean;
  /** Two clicks at once must not lose one of them. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    files: JsonFiles,
    paths: { configDir: string; configPath: readonly string[] },
    allLocked: boolean,
  ) {
    this.#files = files;
    this.#configPath = paths.configPath;
    this.#file = join(paths.configDir, 'labconfig', 'page_config.json');
    this.#allLocked = allLocked;
  }

  async locks(): Promise<{ lockRules: string[]; allLocked: boolean }> {
    return { lockRules: await this.#lockRules(), allLocked: this.#allLocked };
  }

  async disabled(): Promise<JsonObject> {
    const { data } = await readLabConfig(this.#files, this.#configPath, 'page_config');
    return isJsonObject(data['disabledExtensions']) ? data['disabledExtensions'] : {};
  }

  /** Throws FORBIDDEN if an administrator locked it, CONFLICT if the user's file is broken: it is not written over. */
  async turn(name: string, isOn: boolean): Promise<ActionResult> {
    const turned = this.#last.then(() => this.#turn(name, isOn));
    this.#last = turned.catch(() => undefined);
    return turned;
  }

  async #turn(name: string, isOn: boolean): Promise<ActionResult> {
    const rules = new Set(await this.#lockRules());
    if (this.#allLocked || rules.has(name) || rules.has(name.split(':')[0] ?? name)) {
      throw new ServerError(
        'FORBIDDEN',
        `${name} is locked, and cannot be ${isOn ? 'enabled' : 'disabled'} here`,
      );
    }
    if (((await this.disabled())[name] === true) === !isOn)
      return { status: 'ok', message: null, needs_restart: [] };

    const own = await this.#files.read(this.#file);
    if (own !== undefined && ('problem' in own || !isJsonObject(own.value))) {
      throw new ServerError('CONFLICT', `${this.#file} is not JSON; mend it or move it away`);
    }
    const config: JsonObject = own === undefined ? {} : structuredClone((own as { value: JsonObject }).value);
    const disabled = isJsonObject(config['disabledExtensions']) ? config['disabledExtensions'] : {};
    config['disabledExtensions'] = { ...disabled, [name]: !isOn };
    await writeAtomically(this.#file, `${JSON.stringify(config, null, 2)}\n`);
    return { status: 'ok', message: null, needs_restart: ['frontend'] };
  }

  async #lockRules(): Promise<string[]> {
    const { data } = await readLabConfig(this.#files, this.#configPath, 'page_config');
    const locked = data['lockedExtensions'];
    return isJsonObject(locked) ? Object.keys(locked).filter((name) => locked[name]) : [];
  }
}
