// What stock extensions of JupyterLab ask for at their start and Perijove has no use for: the answers that mean "none", so
// that they neither retry nor complain.
import type { RoutePlugin } from '../http/route-plugin.ts';
import type { Access } from '../http/access.ts';
import { ServerError } from '../errors.ts';

const access: Access = { kind: 'api', resource: 'api' };

export function quietRoutes(): RoutePlugin {
  return async (app) => {
    app.get<{ Params: { '*': string } }>('/lab/api/listings/*', { config: { access } }, async (request) => {
      if (request.params['*'] !== '@jupyterlab/extensionmanager-extension/listings.json') {
        throw new ServerError(
          'BAD_REQUEST',
          'There is one listing: @jupyterlab/extensionmanager-extension/listings.json',
        );
      }
      return {
        blocked_extensions_uris: [],
        allowed_extensions_uris: [],
        blocked_extensions: [],
        allowed_extensions: [],
      };
    });

    // The front end comes built; it never has to be built again for an extension.
    app.get('/lab/api/build', { config: { access } }, () => ({ status: 'stable', message: '' }));
    app.post('/lab/api/build', { config: { access } }, () => {
      throw new ServerError('NOT_IMPLEMENTED', 'The front end comes built; extensions are prebuilt ones');
    });
    app.delete('/lab/api/build', { config: { access } }, (_, reply) => reply.code(204).send());

    app.get('/lab/api/news', { config: { access } }, () => ({ news: [] }));
    app.get('/lab/api/update', { config: { access } }, () => ({ notification: null }));

    // A 404 makes JupyterLab ask again and again, and then write an error to the console.
    app.get('/lsp/status', { config: { access: { kind: 'api', resource: 'lsp' } } }, () => ({
      version: 2,
      sessions: {},
      specs: {},
    }));

    app.all('/lab/api/*', { config: { access } }, () => {
      throw new ServerError('NOT_FOUND', 'Not Found');
    });
  };
}
