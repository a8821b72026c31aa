import type { FastifyInstance } from 'fastify';
import type { RoutePlugin } from '../http/route-plugin.ts';
import { serverVersion } from './version.ts';

/** `/api/spec.yaml`: the OpenAPI document of the very server that is asked. JSON is YAML. */
export function specRoutes(): RoutePlugin {
  return async (app) => {
    app.get(
      '/api/spec.yaml',
      {
        config: { access: { kind: 'api', resource: 'api' } },
        schema: { summary: 'This description, as OpenAPI' },
      },
      async (_request, reply) => {
        return reply.type('text/x-yaml; charset=utf-8').send(await describe(app));
      },
    );
  };
}

/** The OpenAPI document of an app's routes, as JSON. */
export async function describe(app: Pick<FastifyInstance, 'routeTable' | 'site'>): Promise<string> {
  const { openApiOf } = await import('./openapi.ts');
  const { baseUrl } = app.site;
  return `${JSON.stringify(openApiOf(app.routeTable.rows, { version: serverVersion, baseUrl }), null, 2)}\n`;
}
