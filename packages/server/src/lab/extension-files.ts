import type { RoutePlugin } from '../http/route-plugin.ts';
import type { FederatedExtensions } from './federated-extensions.ts';
import { inside, sendFirst, splitPackagePath } from './static-file.ts';

/**
 * The scripts of prebuilt extensions. Anybody may read them, as in Jupyter: they are published code, and the page that loads
 * them sends no token.
 */
export function extensionFileRoutes(federated: FederatedExtensions): RoutePlugin {
  return async (app) => {
    app.get<{ Params: { '*': string } }>(
      '/lab/extensions/*',
      { config: { access: { kind: 'public' } } },
      async (request, reply) => {
        const path = splitPackagePath(request.params['*']);
        const folder = path === undefined ? undefined : await federated.folderOf(path.name);
        const candidates = path === undefined || folder === undefined ? [] : inside(folder, path.rest);
        return sendFirst(request, reply, candidates);
      },
    );
  };
}
