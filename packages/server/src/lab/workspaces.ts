import { createHash } from 'node:crypto';
import { readFile, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { RoutePlugin } from '../http/route-plugin.ts';
import type { UserData } from '../auth/user-data.ts';
import type { Access } from '../http/access.ts';
import { ServerError } from '../errors.ts';
import { isJsonObject } from '../json-object.ts';
import { namesIn } from './json-files.ts';
import type { Warnings } from './warnings.ts';
import { writeAtomically } from '../write-atomically.ts';

const extension = '.jupyterlab-workspace';

export interface Workspace {
  readonly data: Record<string, unknown>;
  readonly metadata: { readonly id: string; readonly last_modified?: string; readonly created?: string };
}

/** Layouts of JupyterLab's windows, one file each, as jupyterlab_server names them. */
export class WorkspaceStore {
  readonly #folder: string;
  readonly #warnings: Warnings;

  constructor(folder: string, warnings: Warnings) {
    this.#folder = folder;
    this.#warnings = warnings;
  }

  /** Every workspace that can be read; a warning tells of the others. */
  async list(): Promise<Workspace[]> {
    const names = (await namesIn(this.#folder)).filter((name) => name.endsWith(extension));
    const found = await Promise.all(names.map((name) => this.#read(join(this.#folder, name))));
    return found.filter((workspace) => workspace !== undefined);
  }

  /** An empty workspace if none has this name: that is how a new one begins. */
  async load(name: string): Promise<Workspace> {
    const id = name.startsWith('/') ? name : `/${name}`;
    return (await this.#read(this.#path(name))) ?? { data: {}, metadata: { id } };
  }

  /** Throws BAD_REQUEST unless the workspace says that it is the one of this name. */
  async save(name: string, workspace: unknown): Promise<void> {
    if (
      !isJsonObject(workspace) ||
      !isJsonObject(workspace['metadata']) ||
      typeof workspace['metadata']['id'] !== 'string'
    ) {
      throw new ServerError('BAD_REQUEST', 'A workspace has a metadata.id');
    }
    const id = unquote(withSlash(workspace['metadata']['id']));
    if (id !== withSlash(name)) {
      throw new ServerError('BAD_REQUEST', `Workspace metadata ID mismatch: expected '${name}' got '${id}'`);
    }
    await writeAtomically(this.#path(name), JSON.stringify(workspace));
  }

  async delete(name: string): Promise<void> {
    try {
      await unlink(this.#path(name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      throw new ServerError('NOT_FOUND', `Workspace '${name}' ('${workspaceSlug(name)}') not found`);
    }
  }

  #path(name: string): string {
    return join(this.#folder, workspaceSlug(name) + extension);
  }

  async #read(path: string): Promise<Workspace | undefined> {
    try {
      const [text, { mtime, ctime }] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
      const workspace: unknown = JSON.parse(text);
      if (
        !isJsonObject(workspace) ||
        !isJsonObject(workspace['metadata']) ||
        typeof workspace['metadata']['id'] !== 'string'
      ) {
        throw new Error('has no metadata.id');
      }
      const times = { last_modified: mtime.toISOString(), created: ctime.toISOString() };
      return { ...workspace, metadata: { ...workspace['metadata'], ...times } } as unknown as Workspace;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      this.#warnings.warn([`the workspace in ${path} is ignored: ${(error as Error).message}`]);
      return undefined;
    }
  }
}

/**
 * `slugify` of jupyterlab_server: the file of a workspace is found again by either server. The four digits keep names apart
 * that differ in nothing but what a file's name cannot show.
 */
export function workspaceSlug(name: string): string {
  const raw = withSlash(name);
  const signature = `-${createHash('sha256').update(raw.slice(1)).digest('hex').slice(0, 4)}`;
  const words = unquote(raw.toLowerCase())
    .normalize('NFKC')
    // eslint-disable-next-line no-control-regex -- Python's `encode('ascii', 'ignore')`
    .replaceAll(/[^\u0000-\u007f]/g, '')
    .replaceAll(/[^\w\s-]/g, '')
    .trim()
    .replaceAll(/[-\s]+/g, '-');
  return words.slice(0, 128 - extension.length - signature.length) + signature;
}

function withSlash(name: string): string {
  return name.startsWith('/') ? name : `/${name}`;
}

function unquote(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A lone '%' is part of the name, as it is to Python.
    return text;
  }
}

const access: Access = { kind: 'api', resource: 'api' };

export function workspaceRoutes(storeOf: UserData<WorkspaceStore>): RoutePlugin {
  return async (app) => {
    for (const url of ['/lab/api/workspaces', '/lab/api/workspaces/']) {
      app.get(url, { config: { access } }, async (request) => {
        const values = await (await storeOf(request)).list();
        return { workspaces: { ids: values.map(({ metadata }) => metadata.id), values } };
      });
      app.put(url, { config: { access } }, async () => {
        throw new ServerError('BAD_REQUEST', 'Workspace name is required for PUT.');
      });
      app.delete(url, { config: { access } }, async () => {
        throw new ServerError('BAD_REQUEST', 'Workspace name is required for DELETE');
      });
    }
    type Named = { Params: { '*': string } };
    const url = '/lab/api/workspaces/*';
    app.get<Named>(url, { config: { access } }, async (request) =>
      (await storeOf(request)).load(request.params['*']),
    );
    app.put<Named>(url, { config: { access } }, async (request, reply) => {
      await (await storeOf(request)).save(request.params['*'], request.body);
      return reply.code(204).send();
    });
    app.delete<Named>(url, { config: { access } }, async (request, reply) => {
      await (await storeOf(request)).delete(request.params['*']);
      return reply.code(204).send();
    });
  };
}
