import { createUserData } from './auth/user-data.ts';
import { configRoutes } from './config/config-routes.ts';
import { configPlaces, ConfigStore } from './config/config-store.ts';
import { createServer, type Server, type ServerOptions } from './create-server.ts';
import { staticRoutes } from './http/static-routes.ts';
import { apiRoutes } from './status/api-routes.ts';
import { cspReportRoutes } from './status/csp-report-routes.ts';
import { metricsRoutes } from './status/metrics-routes.ts';
import { redirectRoutes } from './status/redirect-routes.ts';
import { shutdownRoutes } from './status/shutdown-routes.ts';
import { specRoutes } from './status/spec-routes.ts';
import { statusRoutes } from './status/status-routes.ts';

export interface NotebookServerOptions extends ServerOptions {
  /** The built front end. */
  readonly appDir: string;
  /** Ends the server and its kernels; asked for by `POST /api/shutdown`. */
  readonly shutdown: () => void;
}

/** A notebook server: this list is what it is made of, besides what its composer adds. */
export function createNotebookServer(options: NotebookServerOptions): Promise<Server> {
  const { auth, paths, running, logger, dataDir } = options;
  const configOf = createUserData({
    dataDir,
    ofAccount: new ConfigStore({ ...paths, log: logger }),
    open: (folder) => new ConfigStore({ ...configPlaces(paths, folder), log: logger }),
  });
  return createServer(options, [
    apiRoutes(),
    configRoutes({ configOf }),
    statusRoutes(running),
    metricsRoutes({ running, authenticate: auth.authenticatePrometheus }),
    specRoutes(),
    shutdownRoutes({ shutdown: options.shutdown }),
    cspReportRoutes(),
    staticRoutes({ appDir: options.appDir, configDir: paths.configDir }),
    redirectRoutes(),
  ]);
}
