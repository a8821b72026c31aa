import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { contentTypeOf } from '../contents/disk/mime-type.ts';
import type { FilesOf } from '../contents/user-files.ts';
import { ServerError } from '../errors.ts';
import type { Access } from '../http/access.ts';
import { escapeHtml } from '../http/escape-html.ts';
import type { RoutePlugin } from '../http/route-plugin.ts';
import { parseRange } from './parse-range.ts';
import { resolveFile } from './resolve-file.ts';
import type { FilesRoot } from './resolve-file.ts';

export interface FilesRoutesDeps {
  readonly files: FilesRoot;
  /** Where each user has a folder: instead of `files`. */
  readonly filesOf?: FilesOf | undefined;
}

const access = { kind: 'page', resource: 'contents', checksReferer: true } satisfies Access;

/** `/files/{path}`: a file's bytes, streamed. `/view/{path}`: a page that shows it in a frame. */
export function filesRoutes(deps: FilesRoutesDeps): RoutePlugin {
  return async (app) => {
    const { site } = app;
    const rootOf = async ({ user }: FastifyRequest): Promise<FilesRoot> =>
      deps.filesOf ? (await deps.filesOf(user?.username ?? '')).files : deps.files;
    const csp = site.csp('sandbox allow-scripts');
    // Also answers HEAD (Fastify's exposeHeadRoutes), for which the body is left out.
    app.get('/files/*', { config: { access }, exposeHeadRoute: false }, async (request, reply) =>
      sendFile(await rootOf(request), csp, request, reply),
    );
    app.head('/files/*', { config: { access } }, async (request, reply) =>
      sendFile(await rootOf(request), csp, request, reply),
    );
    app.get('/view/*', { config: { access } }, async (request, reply) => {
      const path = pathOf(request);
      const osPath = await resolveFile(path, await rootOf(request));
      if (!(await stat(osPath)).isFile()) throw new ServerError('NOT_FOUND', `File does not exist: ${path}`);
      const url = `${site.baseUrl}files/${path.split('/').map(encodeURIComponent).join('/')}`;
      return reply.type('text/html; charset=utf-8').send(viewPage(nameOf(path), url));
    });
  };
}

async function sendFile(
  files: FilesRoot,
  csp: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const path = pathOf(request);
  const osPath = await resolveFile(path, files);
  const stats = await stat(osPath).catch(() => undefined);
  if (!stats?.isFile()) throw new ServerError('NOT_FOUND', `file does not exist: '${path}'`);
  const { download } = request.query as { download?: string };
  if (path.endsWith('.ipynb') || download) reply.header('Content-Disposition', attachment(nameOf(path)));
  reply
    .header('Content-Security-Policy', csp)
    .header('Cache-Control', 'no-cache')
    .header('Accept-Ranges', 'bytes')
    .header('Last-Modified', stats.mtime.toUTCString())
    .type(contentTypeOf(nameOf(path)));
  if (isUnchanged(request.headers['if-modified-since'], stats.mtimeMs)) return reply.code(304).send();
  const range = parseRange(rangeHeader(request, stats.mtimeMs), stats.size);
  if (range === 'unsatisfiable')
    return reply.code(416).header('Content-Range', `bytes */${stats.size}`).send('');
  const { start, end } = range ?? { start: 0, end: stats.size - 1 };
  if (range !== undefined) reply.code(206).header('Content-Range', `bytes ${start}-${end}/${stats.size}`);
  reply.header('Content-Length', end - start + 1);
  if (request.method === 'HEAD' || stats.size === 0) return reply.send('');
  // `end` keeps the length as declared, even if the file grows meanwhile.
  return reply.send(createReadStream(osPath, { start, end, highWaterMark: 256 * 1024 }));
}

function isUnchanged(since: string | undefined, mtimeMs: number): boolean {
  if (since === undefined) return false;
  const sinceMs = Date.parse(since);
  return !Number.isNaN(sinceMs) && Math.floor(mtimeMs / 1000) * 1000 <= sinceMs;
}

/** A range of what the client has a part of already; nothing if the file has changed since. */
function rangeHeader(request: FastifyRequest, mtimeMs: number): string | undefined {
  const condition = request.headers['if-range'];
  const isSame = condition === undefined || isUnchanged(String(condition), mtimeMs);
  return isSame ? request.headers.range : undefined;
}

function attachment(name: string): string {
  // RFC 5987; a quoted name as well would be taken instead by old clients, wrongly for most names.
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename*=utf-8''${encoded}`;
}

function pathOf(request: FastifyRequest): string {
  return ((request.params as { '*'?: string })['*'] ?? '').replace(/^\/+|\/+$/g, '');
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function viewPage(title: string, url: string): string {
  return `<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<title>${escapeHtml(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>html, body { height: 100%; margin: 0; overflow: hidden } iframe { width: 100%; height: 100%; border: 0 }</style>
</head>
<body><iframe sandbox="allow-scripts" src="${escapeHtml(url)}"></iframe></body>
</html>
`;
}
