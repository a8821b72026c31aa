import { Type } from 'typebox';
import type { RoutePlugin } from '../http/route-plugin.ts';
import { serverVersion } from './version.ts';

export function apiRoutes({ gatewayVersion }: { gatewayVersion?: string } = {}): RoutePlugin {
  const answer = {
    version: serverVersion,
    ...(gatewayVersion === undefined ? {} : { gateway_version: gatewayVersion }),
  };
  return async (app) => {
    app.get(
      '/api',
      {
        config: { access: { kind: 'public' } },
        schema: {
          summary: 'Version of the API',
          response: {
            200: Type.Object({ version: Type.String(), gateway_version: Type.Optional(Type.String()) }),
          },
        },
      },
      async () => answer,
    );
  };
}
