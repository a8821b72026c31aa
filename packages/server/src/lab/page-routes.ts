import type { FastifyRequest } from 'fastify';
import type { RoutePlugin } from '../http/route-plugin.ts';
import type { Access } from '../http/access.ts';
import { ServerError } from '../errors.ts';
import type { UserData } from '../auth/user-data.ts';
import { type PageRequest, userPageConfig, type UserPlaces } from './page-config.ts';
import type { PageConfigSource } from './page-config-source.ts';
import { readLabPage, type LabPage } from './page-template.ts';

const access: Access = { kind: 'page', resource: 'api' };

/**
 * The page of JupyterLab at every address that means something to the front end. `onFirstPage`: a browser has begun to load it.
 */
export function pageRoutes(
  appDir: string,
  source: PageConfigSource,
  placesOf: UserData<UserPlaces>,
  onFirstPage: (request: FastifyRequest) => void,
): RoutePlugin {
  let page: Promise<LabPage> | undefined;
  let storeId = 0;

  const render = async (address: PageRequest, places: UserPlaces): Promise<string> => {
    page ??= readLabPage(appDir);
    // Read again by the next visitor: whoever started the server before the build need not start it again.
    page.catch(() => (page = undefined));
    const loaded = await page.catch((error: Error) => {
      throw new ServerError('UNAVAILABLE', `${error.message}. Build it with: npm run build`, {
        cause: error,
      });
    });
    return loaded.render({
      ...(await source.read(loaded.manifest.appVersion)),
      ...userPageConfig(places),
      ...address,
      store_id: storeId++,
    });
  };

  return async (app) => {
    const html = 'text/html; charset=utf-8';
    for (const prefix of ['/lab', '/doc']) {
      for (const url of [prefix, `${prefix}/*`]) {
        app.get<{ Params: { '*'?: string } }>(url, { config: { access } }, async (request, reply) => {
          const [path = '', query] = request.raw.url?.split('?', 2) ?? [];
          if (path.endsWith('/')) {
            const bare = path.replace(/\/+$/, '');
            // One slash only, or it would lead to another host.
            return reply.redirect(
              bare.replace(/^\/{2,}/, '/') + (query === undefined ? '' : `?${query}`),
              302,
            );
          }
          const rest = request.params['*'] ?? '';
          const body = await render(parsePageAddress(prefix, rest, path), await placesOf(request));
          if (storeId === 1) onFirstPage(request);
          // Holds what only this user may see, and refers to files that change with every build.
          return reply.type(html).header('cache-control', 'no-store').send(body);
        });
      }
    }
  };
}

/** `/lab/workspaces/NAME/tree/PATH`: both parts may be missing; anything else is the front end's "not found". */
function parsePageAddress(prefix: string, rest: string, url: string): PageRequest {
  const mode = prefix === '/doc' ? 'single-document' : 'multiple-document';
  const match = /^(?:workspaces\/([\w-]+))?(?:(?:^|\/)tree(?:\/(.*))?)?$/s.exec(rest);
  if (match === null) return { mode, workspace: 'default', treePath: '', notFoundUrl: url };
  return { mode, workspace: match[1] ?? 'default', treePath: match[2] ?? '' };
}
