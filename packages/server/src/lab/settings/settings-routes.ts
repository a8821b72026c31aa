import type { RoutePlugin } from '../../http/route-plugin.ts';
import type { Access } from '../../http/access.ts';
import { ServerError } from '../../errors.ts';
import { isJsonObject } from '../../json-object.ts';
import type { UserData } from '../../auth/user-data.ts';
import type { SettingsStore } from './settings-store.ts';

const access: Access = { kind: 'api', resource: 'api' };

export function settingsRoutes(storeOf: UserData<SettingsStore>): RoutePlugin {
  return async (app) => {
    for (const url of ['/lab/api/settings', '/lab/api/settings/']) {
      app.get<{ Querystring: { ids_only?: string } }>(url, { config: { access } }, async (request, reply) => {
        const store = await storeOf(request);
        if (request.query.ids_only === 'true') return store.listIds();
        return (await store.list()).send(reply);
      });
    }

    // Ids come as they are, `@jupyterlab/apputils-extension:themes`, or encoded: the wildcard takes both.
    app.get<{ Params: { '*': string } }>(
      '/lab/api/settings/*',
      { config: { access } },
      async (request, reply) => (await (await storeOf(request)).get(request.params['*'])).send(reply),
    );

    app.put<{ Params: { '*': string }; Body: unknown }>(
      '/lab/api/settings/*',
      { config: { access } },
      async (request, reply) => {
        const { body } = request;
        if (!isJsonObject(body) || typeof body['raw'] !== 'string') {
          throw new ServerError(
            'BAD_REQUEST',
            "Invalid format for JSON payload. Must be in the form {'raw': ...}",
          );
        }
        await (await storeOf(request)).save(request.params['*'], body['raw']);
        return reply.code(204).send();
      },
    );
  };
}
