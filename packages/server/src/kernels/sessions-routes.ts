import { KernelError, type KernelChoice, type KernelRegistry, type Sessions } from '@perijove/kernels';
import type { FastifyRequest } from 'fastify';
import { Type, type Static } from 'typebox';
import type { User } from '../auth/user.ts';
import { ServerError } from '../errors.ts';
import type { Access } from '../http/access.ts';
import type { RoutePlugin } from '../http/route-plugin.ts';
import { kernelIdPattern, SessionBody, SessionModelSchema } from './kernel-model.ts';
import { readBody } from './read-body.ts';

export interface SessionsRoutesDeps {
  readonly sessions: Pick<Sessions, 'list' | 'get' | 'ownerOf' | 'create' | 'update' | 'delete'>;
  readonly kernels: Pick<KernelRegistry, 'get'>;
  /** Refuses what a user may not start, by throwing. */
  readonly checkStart?: (username: string, name: string | undefined) => Promise<void>;
  /** False: nobody may list sessions. */
  readonly lists?: boolean;
}

const access: Access = { kind: 'api', resource: 'sessions' };
const SessionParams = Type.Object({ id: Type.String() });

/** `/api/sessions`: documents with their kernels. */
export function sessionsRoutes({ sessions, kernels, checkStart, lists }: SessionsRoutesDeps): RoutePlugin {
  return async (app) => {
    /** Somebody else's is as unknown as one that never was. */
    const find = (request: FastifyRequest<{ Params: { id: string } }>): string => {
      const { id } = request.params;
      const owner = sessions.ownerOf(id);
      if (owner !== undefined && app.access.sees(request.user, 'sessions', owner)) return id;
      if (owner !== undefined) request.refusal = `it is the session of ${owner}`;
      throw new KernelError('SESSION_NOT_FOUND', `Session not found: session_id='${id}'`);
    };
    const checkKernel = (id: string | undefined, user: User | undefined): void => {
      const kernel = id === undefined ? undefined : kernels.get(id);
      if (kernel === undefined || app.access.sees(user, 'kernels', kernel.record.username)) return;
      throw new KernelError('KERNEL_NOT_FOUND', `Kernel does not exist: ${id}`);
    };
    app.get(
      '/api/sessions',
      {
        config: { access: { ...access, untracked: true } },
        schema: { summary: 'All sessions', response: { 200: Type.Array(SessionModelSchema) } },
      },
      async ({ user }) => {
        if (lists === false)
          throw new ServerError('FORBIDDEN', 'Sessions are not listed here (--list-kernels).');
        return [...sessions.list((owner) => app.access.sees(user, 'sessions', owner))];
      },
    );
    app.post(
      '/api/sessions',
      {
        config: { access },
        schema: {
          summary: 'Gives a path a kernel, or finds the one that it has; answers at once',
          response: { 201: SessionModelSchema },
        },
      },
      async (request, reply) => {
        if (request.body === undefined || request.body === null) {
          throw new ServerError('BAD_REQUEST', 'No JSON data provided');
        }
        const { path, type, name, kernel } = asSession(readBody(SessionBody, request.body));
        if (path === undefined) throw new ServerError('BAD_REQUEST', 'Missing field in JSON data: path');
        if (type === undefined) throw new ServerError('BAD_REQUEST', 'Missing field in JSON data: type');
        const choice = asKernelChoice(kernel);
        checkKernel(choice.id, request.user);
        if (choice.id === undefined) await checkStart?.(request.user?.username ?? '', choice.name);
        try {
          const model = await sessions.create(
            { path, type, name, kernel: choice },
            request.user?.username ?? '',
          );
          return await reply
            .code(201)
            .header('location', `${app.site.baseUrl}api/sessions/${encodeURIComponent(model.id)}`)
            .send(model);
        } catch (error) {
          const answer = asMissingKernelspec(error, choice.name);
          if (!answer) throw error;
          return reply.code(501 as 201).send(answer as never);
        }
      },
    );
    app.get(
      '/api/sessions/:id',
      {
        config: { access },
        schema: { summary: 'One session', params: SessionParams, response: { 200: SessionModelSchema } },
      },
      async (request) => sessions.get(find(request)),
    );
    app.patch(
      '/api/sessions/:id',
      {
        config: { access },
        schema: {
          summary: 'Renames a session or gives it another kernel',
          params: SessionParams,
          response: { 200: SessionModelSchema },
        },
      },
      async (request, reply) => {
        if (request.body === undefined || request.body === null) {
          throw new ServerError('BAD_REQUEST', 'No JSON data provided');
        }
        const { path, name, type, kernel } = asSession(readBody(SessionBody, request.body));
        const choice = kernel === undefined ? undefined : asKernelChoice(kernel);
        const id = find(request);
        try {
          checkKernel(choice?.id, request.user);
          if (choice !== undefined && choice.id === undefined)
            await checkStart?.(request.user?.username ?? '', choice.name);
          return await sessions.update(id, { path, name, type, kernel: choice });
        } catch (error) {
          if (error instanceof KernelError && error.code === 'KERNEL_NOT_FOUND') {
            throw new ServerError('BAD_REQUEST', `No such kernel: ${choice?.id}`, { cause: error });
          }
          const answer = asMissingKernelspec(error, choice?.name);
          if (!answer) throw error;
          return reply.code(501 as 200).send(answer as never);
        }
      },
    );
    app.delete(
      '/api/sessions/:id',
      { config: { access }, schema: { summary: 'Ends a session with its kernel', params: SessionParams } },
      async (request, reply) => {
        await sessions.delete(find(request));
        return reply.code(204).send();
      },
    );
  };
}

/** What clients of before 2016 call `notebook` is a path and the type. */
function asSession(body: Static<typeof SessionBody>): Static<typeof SessionBody> {
  if (body.notebook === undefined) return body;
  const path = body.path ?? body.notebook.path ?? body.notebook.name;
  return { type: 'notebook', ...body, ...(path === undefined ? {} : { path }) };
}

/** Empty stands for what is not said. The id goes before the name. */
function asKernelChoice({ id, name }: Static<typeof SessionBody>['kernel'] & object = {}): KernelChoice {
  if (id !== undefined && id !== '') {
    if (!new RegExp(kernelIdPattern).test(id))
      throw new ServerError('BAD_REQUEST', `Not the id of a kernel: ${id}`);
    return { id, name: name === '' ? undefined : name };
  }
  return { name: name === '' ? undefined : name };
}

/** JupyterLab shows both messages. */
function asMissingKernelspec(
  error: unknown,
  name: string | undefined,
): { message: string; short_message: string; reason: null } | undefined {
  if (!(error instanceof KernelError) || error.code !== 'KERNELSPEC_NOT_FOUND') return undefined;
  return { message: error.message, short_message: `${name ?? 'The default kernel'} not found`, reason: null };
}
