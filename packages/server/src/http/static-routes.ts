import { join } from 'node:path';
import type { FastifyContextConfig, FastifyReply, FastifyRequest } from 'fastify';
import type { RoutePlugin } from './route-plugin.ts';
import { staticFiles } from './static-files.ts';

export interface StaticDeps {
  /** The built front end (`packages/lab/dist`). */
  readonly appDir: string;
  /** Jupyter's config folder: a user's own style sheet is in `custom/`. */
  readonly configDir: string;
}

const open: FastifyContextConfig = { access: { kind: 'public' } };
const forUsers: FastifyContextConfig = { access: { kind: 'page', resource: 'api' } };

/** Files that everybody may have: the front end itself, icons, and what robots are told. */
export function staticRoutes(deps: StaticDeps): RoutePlugin {
  const appStatic = join(deps.appDir, 'static');
  const lab = staticFiles({ folders: [appStatic] });
  const favicons = staticFiles({ folders: [join(appStatic, 'favicons')] });
  const custom = staticFiles({ folders: [join(deps.configDir, 'custom')] });

  return async (app) => {
    const serve = (
      url: string,
      send: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>,
      config = open,
    ) =>
      // HEAD is declared too: Fastify's own would send each file to nowhere to measure it.
      app.route({ method: ['GET', 'HEAD'], url, config, schema: { hide: true }, handler: send });

    serve('/static/lab/*', (request, reply) => lab(paramOf(request), request, reply));
    serve('/static/favicons/*', (request, reply) => favicons(paramOf(request), request, reply));
    serve('/favicon.ico', (request, reply) => favicons('favicon.ico', request, reply));
    serve('/custom/custom.css', (request, reply) => custom('custom.css', request, reply), forUsers);
    serve('/robots.txt', async (_request, reply) =>
      reply.type('text/plain').send('User-agent: *\nDisallow: /\n'),
    );
  };
}

function paramOf(request: FastifyRequest): string {
  return (request.params as { '*': string })['*'];
}
