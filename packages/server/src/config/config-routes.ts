import { Type } from 'typebox';
import { ServerError } from '../errors.ts';
import type { UserData } from '../auth/user-data.ts';
import type { RoutePlugin } from '../http/route-plugin.ts';
import { isJsonObject, type JsonObject } from '../json-object.ts';
import type { ConfigStore } from './config-store.ts';

const Section = Type.Object({ section: Type.String({ pattern: '^[A-Za-z0-9_]{1,200}$' }) });
const Config = Type.Record(Type.String(), Type.Unknown());

/** `/api/config/{section}`: small settings that front-end extensions keep. */
export function configRoutes(deps: { readonly configOf: UserData<ConfigStore> }): RoutePlugin {
  const { configOf } = deps;
  const config = { access: { kind: 'api', resource: 'config' } } as const;
  return async (app) => {
    app.get(
      '/api/config/:section',
      {
        config,
        schema: { summary: 'Read a section of settings', params: Section, response: { 200: Config } },
      },
      async (request) => (await configOf(request)).read(request.params.section),
    );
    app.put(
      '/api/config/:section',
      {
        config,
        schema: { summary: 'Replace a section of settings', params: Section, response: { 204: Type.Null() } },
      },
      async (request, reply) => {
        await (await configOf(request)).write(request.params.section, objectOf(request.body));
        return reply.code(204).send(null);
      },
    );
    app.patch(
      '/api/config/:section',
      {
        config,
        schema: {
          summary: 'Change a section of settings; null takes a key away',
          params: Section,
          response: { 200: Config },
        },
      },
      async (request) => (await configOf(request)).update(request.params.section, objectOf(request.body)),
    );
  };
}

function objectOf(body: unknown): JsonObject {
  if (!isJsonObject(body)) throw new ServerError('BAD_REQUEST', 'The body must be a JSON object');
  return body;
}
