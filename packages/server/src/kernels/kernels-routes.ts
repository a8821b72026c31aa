import { KernelError, type KernelRegistry } from '@perijove/kernels';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { actingUsername } from '../auth/acting-username.ts';
import type { User } from '../auth/user.ts';
import type { Access } from '../http/access.ts';
import type { RoutePlugin } from '../http/route-plugin.ts';
import { KernelModelSchema, KernelStart } from './kernel-model.ts';
import { readBody } from './read-body.ts';
import { requestedEnv } from './requested-env.ts';
import { workingDirectoryOf, type WorkingDirectoryOptions } from './working-directory.ts';

export interface KernelsRoutesDeps extends WorkingDirectoryOptions {
  readonly registry: Pick<
    KernelRegistry,
    'get' | 'require' | 'list' | 'start' | 'interrupt' | 'restart' | 'stop'
  >;
  /** Environment variables besides `KERNEL_*` that a client may set. */
  readonly allowedEnvs: readonly string[];
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
    app.get(
      '/api/kernels',
      {
        config: { access: { ...access, untracked: true } },
        schema: {
          summary: 'All kernels; dead ones for a while',
          response: { 200: Type.Array(KernelModelSchema) },
        },
      },
      async ({ user }) =>
        registry
          .list()
          .filter(({ record }) => app.access.sees(user, 'kernels', record.username))
          .map(({ model }) => model),
    );
    app.post(
      '/api/kernels',
      {
        config: { access },
        schema: {
          summary: 'Starts a kernel and answers at once; it may still wait for room',
          response: { 201: KernelModelSchema },
        },
      },
      async (request, reply) => {
        const { name, path = '', kernel_id: id, env = {} } = readBody(KernelStart, request.body);
        const username = actingUsername(request.user!, env['KERNEL_USERNAME'], request);
        const existing = id === undefined ? undefined : registry.get(id);
        if (existing !== undefined && !app.access.sees(request.user, 'kernels', existing.record.username)) {
          throw new KernelError('KERNEL_ID_TAKEN', `Kernel already exists: ${existing.id}`);
        }
        const kernel = existing?.isAlive
          ? existing
          : await registry.start({
              ...(id === undefined ? {} : { id }),
              ...(name === undefined ? {} : { name }),
              cwd: await workingDirectoryOf(path, deps),
              env: requestedEnv(env, { allowedEnvs: deps.allowedEnvs, username }),
              username,
            });
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

/** Clients look for Jupyter's words; the reason follows them. */
function asRestartError(error: unknown): unknown {
  if (!(error instanceof KernelError) || error.code === 'KERNEL_NOT_FOUND') return error;
  return new KernelError(error.code, `Exception restarting kernel: ${error.message}`, { cause: error });
}
