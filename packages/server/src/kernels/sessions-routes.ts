import { KernelError, type KernelChoice, type Sessions } from '@perijove/kernels';
import { Type, type Static } from 'typebox';
import { ServerError } from '../errors.ts';
import type { Access } from '../http/access.ts';
import type { RoutePlugin } from '../http/route-plugin.ts';
import { kernelIdPattern, SessionBody, SessionModelSchema } from './kernel-model.ts';
import { readBody } from './read-body.ts';

export interface SessionsRoutesDeps {
  readonly sessions: Pick<Sessions, 'list' | 'get' | 'create' | 'update' | 'delete'>;
}

const access: Access = { kind: 'api', resource: 'sessions' };
const SessionParams = Type.Object({ id: Type.String() });

/** `/api/sessions`: documents with their kernels. */
export function sessionsRoutes({ sessions }: SessionsRoutesDeps): RoutePlugin {
  return async (app) => {
    app.get(
      '/api/sessions',
      {
        config: { access: { ...access, untracked: true } },
        schema: { summary: 'All sessions', response: { 200: Type.Array(SessionModelSchema) } },
      },
      async () => [...sessions.list()],
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
      async (request) => sessions.get(request.params.id),
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
        try {
          return await sessions.update(
            request.params.id,
            { path, name, type, kernel: choice },
            request.user?.username ?? '',
          );
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
        await sessions.delete(request.params.id);
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
