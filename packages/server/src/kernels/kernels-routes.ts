import { randomUUID } from 'node:crypto';
import { KernelError, type KernelRegistry } from '@perijove/kernels';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { actingUsername } from '../auth/acting-username.ts';
import type { FilesOf } from '../contents/user-files.ts';
import { ServerError } from '../errors.ts';
import type { Access } from '../http/access.ts';
import type { RoutePlugin } from '../http/route-plugin.ts';
import { awaitStart } from './await-start.ts';
import { KernelModelSchema, KernelStart } from './kernel-model.ts';
import { readBody } from './read-body.ts';
import { requestedEnv } from './requested-env.ts';
import { workingDirectoryOf, type WorkingDirectoryOptions } from './working-directory.ts';

export interface KernelsRoutesDeps extends WorkingDirectoryOptions {
  readonly registry: Pick<
    KernelRegistry,
    'get' | 'require' | 'list' | 'start' | 'interrupt' | 'restart' | 'stop'
  >;
  /** Environment variables besides `KERNEL_*` that a client may set; `*`: any. */
  readonly allowedEnvs: readonly string[];
  /** Refuses what a user may not start, by throwing. `name` as the client said it. */
  readonly checkStart?: (username: string, name: string | undefined) => Promise<void>;
  /** Where a kernel starts, by what its client says in `env`. Absent: in the folder of `path`. */
  readonly workingDirectory?: (env: Readonly<Record<string, unknown>>) => Promise<string>;
  /** How long a start waits until the kernel is up, in milliseconds. Absent: it answers at once. */
  readonly startWaitMs?: number;
  /** False: nobody may list kernels. */
  readonly lists?: boolean;
  /** Where each user has a folder: instead of `rootDir` and `resolve`. */
  readonly filesOf?: FilesOf | undefined;
}

const access: Access = { kind: 'api', resource: 'kernels' };
const KernelParams = Type.Object({ id: Type.String() });

/** `/api/kernels`: kernels by themselves, without a document. */
export function kernelsRoutes(deps: KernelsRoutesDeps): RoutePlugin {
  const { registry } = deps;
  return async (app) => {
    /** Somebody else's is as unknown as one that never was. */
    const find = (request: FastifyRequest<{ Params: { id: string } }>) => {
      const { id } = request.params;
      const kernel = registry.require(id);
      if (app.access.sees(request.user, 'kernels', kernel.record.username)) return kernel;
      request.refusal = `it is the kernel of ${kernel.record.username}`;
      throw new KernelError('KERNEL_NOT_FOUND', `Kernel does not exist: ${id}`);
    };
    const start = async ({ id, name, path, env, username }: WantedKernel) =>
      registry.start({
        id,
        ...(name === undefined ? {} : { name }),
        cwd: await (deps.workingDirectory?.(env) ??
          workingDirectoryOf(path, (await deps.filesOf?.(username)) ?? deps)),
        env: requestedEnv(env, { allowedEnvs: deps.allowedEnvs, username }),
        username,
      });
    app.get(
      '/api/kernels',
      {
        config: { access: { ...access, untracked: true } },
        schema: {
          summary: 'All kernels; dead ones for a while',
          response: { 200: Type.Array(KernelModelSchema) },
        },
      },
      async ({ user }) => {
        if (deps.lists === false)
          throw new ServerError('FORBIDDEN', 'Kernels are not listed here (--list-kernels).');
        return registry
          .list()
          .filter(({ record }) => app.access.sees(user, 'kernels', record.username))
          .map(({ model }) => model);
      },
    );
    app.post(
      '/api/kernels',
      {
        config: { access },
        schema: {
          summary:
            'Starts a kernel. A notebook server answers at once; a gateway when the kernel is up, unless the request has `Prefer: respond-async`',
          response: { 201: KernelModelSchema },
        },
      },
      async (request, reply) => {
        const { name, path = '', kernel_id, env = {} } = readBody(KernelStart, request.body);
        const id = kernel_id ?? idOf(env);
        const username = actingUsername(request.user!, env['KERNEL_USERNAME'], request);
        await deps.checkStart?.(username, name);
        const existing = id === undefined ? undefined : registry.get(id);
        if (existing !== undefined && !app.access.sees(request.user, 'kernels', existing.record.username)) {
          throw new KernelError('KERNEL_ID_TAKEN', `Kernel already exists: ${existing.id}`);
        }
        const kernel = existing?.isAlive
          ? existing
          : await start({ id: id ?? randomUUID(), name, path, env, username });
        const waitMs = startWaitOf(deps, env, request.headers.prefer);
        if (waitMs > 0) {
          const isKnownToClient = id !== undefined;
          await awaitStart(kernel, registry, { waitMs, isKnownToClient, response: reply.raw });
        } else if (prefersAsync(request.headers.prefer)) {
          reply.header('preference-applied', 'respond-async');
        }
        return reply
          .code(201)
          .header('location', `${app.site.baseUrl}api/kernels/${encodeURIComponent(kernel.id)}`)
          .send(kernel.model);
      },
    );
    app.get(
      '/api/kernels/:id',
      {
        config: { access },
        schema: { summary: 'One kernel', params: KernelParams, response: { 200: KernelModelSchema } },
      },
      async (request) => find(request).model,
    );
    app.delete(
      '/api/kernels/:id',
      { config: { access }, schema: { summary: 'Ends a kernel', params: KernelParams } },
      async (request, reply) => {
        await registry.stop(find(request).id);
        return reply.code(204).send();
      },
    );
    app.post(
      '/api/kernels/:id/interrupt',
      { config: { access }, schema: { summary: 'Interrupts what a kernel computes', params: KernelParams } },
      async (request, reply) => {
        await registry.interrupt(find(request).id);
        return reply.code(204).send();
      },
    );
    app.post(
      '/api/kernels/:id/restart',
      {
        config: { access },
        schema: {
          summary: 'Starts a kernel anew under its id, a dead one too; answers when it is up',
          params: KernelParams,
          response: { 200: KernelModelSchema },
        },
      },
      async (request) => {
        const { id } = find(request);
        try {
          await registry.restart(id);
        } catch (error) {
          throw asRestartError(error);
        }
        return registry.require(id).model;
      },
    );
  };
}

interface WantedKernel {
  readonly id: string;
  readonly name: string | undefined;
  readonly path: string;
  readonly env: Readonly<Record<string, unknown>>;
  readonly username: string;
}

/** Enterprise Gateway's way for a client to choose the id. */
function idOf(env: Readonly<Record<string, unknown>>): string | undefined {
  const id = env['KERNEL_ID'];
  if (id === undefined || id === '') return undefined;
  if (typeof id === 'string' && uuid.test(id)) return id.toLowerCase();
  throw new ServerError('BAD_REQUEST', 'env.KERNEL_ID is to be a UUID');
}

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Clients give up at their KERNEL_LAUNCH_TIMEOUT, in seconds: they get an answer before. */
function startWaitOf(
  { startWaitMs = 0 }: KernelsRoutesDeps,
  env: Readonly<Record<string, unknown>>,
  prefer: string | string[] | undefined,
): number {
  if (prefersAsync(prefer)) return 0;
  const theirs = Number(env['KERNEL_LAUNCH_TIMEOUT']);
  return theirs > 0 ? Math.min(startWaitMs, theirs * 900) : startWaitMs;
}

/** RFC 7240, section 4.1. */
function prefersAsync(prefer: string | string[] | undefined): boolean {
  return [prefer ?? []].flat().some((value) => /(?:^|,)\s*respond-async\s*(?:[,;]|$)/i.test(value));
}

/** Clients look for Jupyter's words; the reason follows them. */
function asRestartError(error: unknown): unknown {
  if (!(error instanceof KernelError) || error.code === 'KERNEL_NOT_FOUND') return error;
  return new KernelError(error.code, `Exception restarting kernel: ${error.message}`, { cause: error });
}
