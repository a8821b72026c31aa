import type { FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { ServerError } from '../errors.ts';
import type { Access } from '../http/access.ts';
import type { RoutePlugin } from '../http/route-plugin.ts';
import { readBody, readJsonBody } from './body.ts';
import type { FilesOf } from './user-files.ts';
import type { BodyBlocks, Contents, ContentsModel, GetOptions, RenderedModel } from './contents.ts';

export interface ContentsRoutesDeps {
  readonly contents: Contents;
  /** Where each user has a folder: instead of `contents`. */
  readonly filesOf?: FilesOf | undefined;
}

interface Context {
  readonly contents: Contents;
  readonly baseUrl: string;
}

const access = { kind: 'api', resource: 'contents' } satisfies Access;

/** `/api/contents`: Jupyter's contents, checkpoints and trust. */
export function contentsRoutes(deps: ContentsRoutesDeps): RoutePlugin {
  return async (app) => {
    const { baseUrl, maxBodySize } = app.site;
    const contextOf = async ({ user }: FastifyRequest): Promise<Context> => ({
      contents: deps.filesOf ? (await deps.filesOf(user?.username ?? '')).contents : deps.contents,
      baseUrl,
    });
    // Bodies go to a worker as they came: parsing 50 MB here would hold up everybody.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', async (request: FastifyRequest, payload: IncomingMessage) =>
      readBody(payload, Number(request.headers['content-length'] ?? Number.NaN), maxBodySize),
    );
    const options = { config: { access }, bodyLimit: maxBodySize };
    for (const url of ['/api/contents', '/api/contents/*']) {
      app.get(
        url,
        { ...options, schema: { summary: 'A file, notebook or folder; or the checkpoints of a file' } },
        async (request, reply) => get(await contextOf(request), request, reply),
      );
      app.put(
        url,
        { ...options, schema: { summary: 'Saves a file, notebook, folder or part of an upload' } },
        async (request, reply) => put(await contextOf(request), request, reply),
      );
      app.post(
        url,
        {
          ...options,
          schema: {
            summary: 'Creates an untitled entry or a copy; a checkpoint; restores one; trusts a notebook',
          },
        },
        async (request, reply) => post(await contextOf(request), request, reply),
      );
      app.patch(url, { ...options, schema: { summary: 'Renames or moves' } }, async (request, reply) =>
        patch(await contextOf(request), request, reply),
      );
      app.delete(
        url,
        { ...options, schema: { summary: 'Deletes an entry, or a checkpoint' } },
        async (request, reply) => remove(await contextOf(request), request, reply),
      );
    }
  };
}

async function get(context: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const target = targetOf(pathOf(request));
  if (target.kind === 'checkpoints') return reply.send(await context.contents.listCheckpoints(target.path));
  const model = await context.contents.get(target.path, getOptions(request));
  return sendModel(reply, model);
}

async function put(context: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const body = (request.body as BodyBlocks | undefined) ?? { blocks: [], length: 0 };
  const saved = await context.contents.save(pathOf(request), body);
  return sendModel(located(context, reply.code(saved.created ? 201 : 200), saved.path), saved);
}

async function post(context: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { contents } = context;
  const target = targetOf(pathOf(request));
  switch (target.kind) {
    case 'checkpoints': {
      const checkpoint = await contents.createCheckpoint(target.path);
      return located(context, reply.code(201), `${trimmed(target.path)}/checkpoints/${checkpoint.id}`).send(
        checkpoint,
      );
    }
    case 'checkpoint':
      await contents.restoreCheckpoint(target.path, target.id);
      return reply.code(204).send();
    case 'trust':
      await contents.trust(target.path);
      return reply.code(201).send();
    case 'entry':
      return create(context, target.path, request, reply);
  }
}

async function create(
  context: Context,
  path: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const body = readJsonBody(request.body) ?? {};
  const { copy_from: from, type, ext } = body;
  if (await context.contents.isFile(path))
    throw new ServerError('BAD_REQUEST', 'Cannot POST to files, use PUT instead.');
  const model =
    typeof from === 'string' && from !== ''
      ? await context.contents.copy(from, path)
      : await context.contents.createUntitled(path, {
          type: typeOf(type),
          ext: typeof ext === 'string' ? ext : undefined,
        });
  return sendModel(located(context, reply.code(201), model.path), model);
}

async function patch(context: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const body = readJsonBody(request.body);
  if (body === undefined) throw new ServerError('BAD_REQUEST', 'JSON body missing');
  const path = pathOf(request);
  if (body.path !== undefined && typeof body.path !== 'string')
    throw new ServerError('BAD_REQUEST', 'path must be a string');
  const model = await context.contents.rename(path, body.path ?? path);
  return sendModel(located(context, reply, model.path), model);
}

async function remove(context: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const target = targetOf(pathOf(request));
  if (target.kind === 'checkpoint') await context.contents.deleteCheckpoint(target.path, target.id);
  else await context.contents.delete(target.path);
  return reply.code(204).send();
}

type Target =
  | { kind: 'entry' | 'checkpoints' | 'trust'; path: string }
  | { kind: 'checkpoint'; path: string; id: string };

function targetOf(path: string): Target {
  const checkpoint = /^(?<file>.*)\/checkpoints(?:\/(?<id>[\w-]+))?$/s.exec(`/${path}`)?.groups;
  if (checkpoint?.file) {
    const { file, id } = checkpoint;
    return id === undefined ? { kind: 'checkpoints', path: file } : { kind: 'checkpoint', path: file, id };
  }
  if (path.endsWith('/trust')) return { kind: 'trust', path: path.slice(0, -'/trust'.length) };
  return { kind: 'entry', path };
}

function pathOf(request: FastifyRequest): string {
  return (request.params as { '*'?: string })['*'] ?? '';
}

function getOptions(request: FastifyRequest): GetOptions {
  const query = request.query as Record<string, string | string[] | undefined>;
  const format = lastOf(query.format);
  if (format !== undefined && format !== 'text' && format !== 'base64')
    throw new ServerError('BAD_REQUEST', `Format '${format}' is invalid`);
  const content = lastOf(query.content) ?? '1';
  if (content !== '0' && content !== '1')
    throw new ServerError('BAD_REQUEST', `Content '${content}' is invalid`);
  const hash = lastOf(query.hash) ?? '0';
  if (hash !== '0' && hash !== '1')
    throw new ServerError('BAD_REQUEST', `Hash argument '${hash}' is invalid. It must be '0' or '1'.`);
  return { type: typeOf(lastOf(query.type)), format, content: content === '1', hash: hash === '1' };
}

/** Types that nobody knows are files. */
function typeOf(type: unknown): ContentsModel['type'] | undefined {
  if (type === undefined || type === null || type === '') return undefined;
  return type === 'notebook' || type === 'directory' ? type : 'file';
}

function lastOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.at(-1) : value;
}

function sendModel(reply: FastifyReply, model: RenderedModel): FastifyReply {
  return reply
    .header('Last-Modified', new Date(model.lastModifiedMs).toUTCString())
    .type('application/json')
    .send(model.json);
}

function located(context: Context, reply: FastifyReply, path: string): FastifyReply {
  return reply.header('Location', `${context.baseUrl}api/contents/${encodePath(path)}`);
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

function trimmed(path: string): string {
  return path.replace(/^\/+|\/+$/g, '');
}
