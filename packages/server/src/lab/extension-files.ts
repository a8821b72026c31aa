import { ServerError } from '../errors.ts';
import type { RoutePlugin } from '../http/route-plugin.ts';
import { staticFiles } from '../http/static-files.ts';
import type { FederatedExtensions } from './federated-extensions.ts';

/**
 * The scripts of prebuilt extensions. Anybody may read them, as in Jupyter: they are published code, and the page that loads
 * them sends no token.
 */
export function extensionFileRoutes(federated: FederatedExtensions): RoutePlugin {
  return async (app) => {
    app.route<{ Params: { '*': string } }>({
      method: ['GET', 'HEAD'],
      url: '/lab/extensions/*',
      config: { access: { kind: 'public' } },
      schema: { hide: true },
      handler: async (request, reply) => {
        const path = splitPackagePath(request.params['*']);
        const folder = path === undefined ? undefined : await federated.folderOf(path.name);
        if (path === undefined || folder === undefined) throw new ServerError('NOT_FOUND', 'Not Found');
        return staticFiles({ folders: [folder] })(path.rest, request, reply);
      },
    });
  };
}

/** `@org/name/rest` or `name/rest`. */
function splitPackagePath(path: string): { name: string; rest: string } | undefined {
  const match = /^((?:@[^/]+\/)?[^/]+)\/(.+)$/s.exec(path);
  return match === null ? undefined : { name: match[1] as string, rest: match[2] as string };
}
