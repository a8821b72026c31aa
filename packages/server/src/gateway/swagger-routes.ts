import type { Access } from '../http/access.ts';
import type { RoutePlugin } from '../http/route-plugin.ts';
import { describe } from '../status/spec-routes.ts';

// As there: a description of the API is no secret.
const access: Access = { kind: 'public' };

/** Where Enterprise Gateway has its Swagger document, ours is: OpenAPI, made of the routes. JSON is YAML. */
export function swaggerRoutes(): RoutePlugin {
  return async (app) => {
    for (const [path, type] of [
      ['/api/swagger.json', 'application/json; charset=utf-8'],
      ['/api/swagger.yaml', 'text/x-yaml; charset=utf-8'],
    ] as const) {
      app.get(
        path,
        { config: { access }, schema: { summary: 'This description, at the paths of Enterprise Gateway' } },
        async (_request, reply) => reply.type(type).send(await describe(app)),
      );
    }
  };
}
