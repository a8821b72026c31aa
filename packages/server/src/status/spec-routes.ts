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
        const { openApiOf } = await import('./openapi.ts');
        const document = openApiOf(app.routeTable.rows, {
          version: serverVersion,
          baseUrl: app.site.baseUrl,
        });
        return reply.type('text/x-yaml; charset=utf-8').send(`${JSON.stringify(document, null, 2)}\n`);
      },
    );
  };
}
