import { createServer, type Server, type ServerOptions } from './create-server.ts';
import { swaggerRoutes } from './gateway/swagger-routes.ts';
import { apiRoutes } from './status/api-routes.ts';
import { metricsRoutes } from './status/metrics-routes.ts';
import { specRoutes } from './status/spec-routes.ts';
import { statusRoutes } from './status/status-routes.ts';

export interface GatewayServerOptions extends ServerOptions {
  /** What `GET /api` says besides Jupyter's version: by it, clients know a gateway. */
  readonly gatewayVersion: string;
}

/** A gateway: kernels, and no contents. This list is what it is made of, besides what its composer adds. */
export function createGatewayServer(options: GatewayServerOptions): Promise<Server> {
  const { auth, running, gatewayVersion } = options;
  return createServer(options, [
    apiRoutes({ gatewayVersion }),
    statusRoutes(running),
    metricsRoutes({ running, authenticate: auth.authenticatePrometheus }),
    specRoutes(),
    swaggerRoutes(),
  ]);
}
