import { join } from 'node:path';
import type { RoutePlugin } from './route-plugin.ts';
import { staticFiles } from './static-files.ts';

export interface StaticDeps {
  /** The built front end (`packages/lab/dist`). */
  readonly appDir: string;
  /** Jupyter's config folder: a user's own style sheet is in `custom/`. */
  readonly configDir: string;
}

/** Files that everybody may have: the front end itself, icons, and what robots are told. */
export function staticRoutes(deps: StaticDeps): RoutePlugin {
  const config = { access: { kind: 'public' } } as const;
  const schema = { hide: true };
  const appStatic = join(deps.appDir, 'static');
  const lab = staticFiles({ folders: [appStatic] });
  const favicons = staticFiles({ folders: [join(appStatic, 'favicons')] });
  const custom = staticFiles({ folders: [join(deps.configDir, 'custom')] });

  return async (app) => {
    app.get('/static/lab/*', { config, schema }, (request, reply) =>
      lab(paramOf(request.params), request, reply),
    );
    app.get('/static/favicons/*', { config, schema }, (request, reply) =>
      favicons(paramOf(request.params), request, reply),
    );
    app.get('/favicon.ico', { config, schema }, (request, reply) => favicons('favicon.ico', request, reply));
    app.get('/robots.txt', { config, schema }, async (_request, reply) =>
      reply.type('text/plain').send('User-agent: *\nDisallow: /\n'),
    );
    app.get(
      '/custom/custom.css',
      { config: { access: { kind: 'page', resource: 'api' } }, schema },
      (request, reply) => custom('custom.css', request, reply),
    );
  };
}

function paramOf(params: unknown): string {
  return (params as { '*': string })['*'];
}
