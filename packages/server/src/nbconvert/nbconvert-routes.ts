import { dirname, join } from 'node:path';
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import type { Contents } from '../contents/contents.ts';
import type { FilesOf } from '../contents/user-files.ts';
import type { RoutePlugin } from '../http/route-plugin.ts';
import { type Converted, Converter, type ConverterDeps } from './converter.ts';

export interface NbconvertDeps extends ConverterDeps {
  readonly contents: Pick<Contents, 'get'>;
  /** The folder that the paths of contents are in. */
  readonly rootDir: string;
  /** Where each user has a folder: instead of `contents` and `rootDir`. */
  readonly filesOf?: FilesOf | undefined;
}

const format = Type.String({ pattern: '^\\w+$', maxLength: 64 });
const query = Type.Object({
  download: Type.Optional(Type.String()),
  sanitize_html: Type.Optional(Type.String()),
});

export function nbconvertRoutes(deps: NbconvertDeps): RoutePlugin {
  const converter = new Converter(deps);
  return async (app) => {
    app.get(
      '/api/nbconvert',
      {
        config: { access: { kind: 'api', resource: 'nbconvert' } },
        schema: {
          summary: 'What notebooks can be converted to; {} if no Python of the kernels has nbconvert',
        },
      },
      () => converter.formats(),
    );

    app.get(
      '/nbconvert/:format/*',
      {
        config: { access: { kind: 'page', resource: 'nbconvert', checksReferer: true } },
        schema: {
          summary: 'Converts a notebook',
          params: Type.Object({ format, '*': Type.String() }),
          querystring: query,
        },
      },
      async (request, reply) => {
        const path = request.params['*'];
        const { contents, rootDir } = deps.filesOf ? await deps.filesOf(request.user?.username ?? '') : deps;
        const model = await contents.get(path, { content: true, hash: false });
        if (model.type !== 'notebook') {
          const target = model.path.split('/').map(encodeURIComponent).join('/');
          return reply.redirect(`${app.site.baseUrl}files/${target}`, 302);
        }
        const { sanitize_html: sanitize, download } = request.query;
        const lastModified = new Date(model.lastModifiedMs);
        const converted = await converter.convert({
          format: request.params.format,
          model: model.json,
          name: withoutEnding(model.path.split('/').at(-1) ?? ''),
          lastModified,
          folder: join(rootDir, dirname(model.path)),
          sanitize: sanitize === undefined ? undefined : sanitize.toLowerCase() === 'true',
          signal: untilClosed(reply),
        });
        void reply.header('last-modified', lastModified.toUTCString());
        return send(
          reply,
          converted,
          download?.toLowerCase() === 'true',
          app.site.csp('sandbox allow-scripts'),
        );
      },
    );

    // The notebook goes to the child process as it came: parsing it here would hold up everybody.
    await app.register(async (scope) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
      scope.post<{ Params: { format: string } }>(
        '/nbconvert/:format',
        {
          config: { access: { kind: 'api', resource: 'nbconvert' } },
          schema: { summary: 'Converts a notebook that is sent along', params: Type.Object({ format }) },
          bodyLimit: app.site.maxBodySize,
        },
        async (request, reply) => {
          const converted = await converter.convert({
            format: request.params.format,
            model: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
            name: '',
            signal: untilClosed(reply),
          });
          return send(reply, converted, false, app.site.csp('sandbox allow-scripts'));
        },
      );
    });
  };
}

function send(reply: FastifyReply, converted: Converted, isDownload: boolean, csp: string): FastifyReply {
  const { mimetype, fileName, isArchive, length, body } = converted;
  void reply
    .header('content-security-policy', csp)
    .header('cache-control', 'no-store, no-cache, must-revalidate, max-age=0')
    .header('content-length', length)
    .type(contentType(mimetype));
  if (isArchive || isDownload) {
    void reply.header('content-disposition', `attachment; filename*=utf-8''${encodeURIComponent(fileName)}`);
  }
  return reply.send(body);
}

function contentType(mimetype: string): string {
  if (mimetype === '') return 'text/plain; charset=utf-8';
  return /^text\/|json|xml|javascript/.test(mimetype) ? `${mimetype}; charset=utf-8` : mimetype;
}

function withoutEnding(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(0, dot) : name;
}

/** Aborts when the client hangs up before it has its answer. */
function untilClosed(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => controller.abort(new Error('the client went away')));
  return controller.signal;
}
