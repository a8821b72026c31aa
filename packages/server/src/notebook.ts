import { join } from 'node:path';
import type { JupyterPaths } from '@perijove/kernels';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { Audit } from './audit/audit-entry.ts';
import { Authenticator } from './auth/authenticator.ts';
import { authorizeByRole, type Authorizer } from './auth/authorizer.ts';
import { chooseToken } from './auth/choose-token.ts';
import { readCookieSecret } from './auth/cookie-secret.ts';
import { LoginAttempts } from './auth/login-attempts.ts';
import { loginRoutes } from './auth/login-routes.ts';
import { meRoutes } from './auth/me-routes.ts';
import { NamedTokens } from './auth/named-tokens.ts';
import type { AuthOptions } from './auth/options.ts';
import { ProxyIdentity } from './auth/proxy-identity.ts';
import type { ProxyOptions } from './auth/proxy-options.ts';
import { storePassword } from './auth/store-password.ts';
import { configRoutes } from './config/config-routes.ts';
import { ConfigStore } from './config/config-store.ts';
import { createApp } from './http/app.ts';
import { listen } from './http/listen.ts';
import type { HttpOptions } from './http/options.ts';
import type { RoutePlugin } from './http/route-plugin.ts';
import { normalizeBaseUrl } from './http/site.ts';
import { staticRoutes } from './http/static-routes.ts';
import { apiRoutes } from './status/api-routes.ts';
import { cspReportRoutes } from './status/csp-report-routes.ts';
import { metricsRoutes } from './status/metrics-routes.ts';
import { redirectRoutes } from './status/redirect-routes.ts';
import { shutdownRoutes } from './status/shutdown-routes.ts';
import { specRoutes } from './status/spec-routes.ts';
import { type RunningThings, statusRoutes } from './status/status-routes.ts';

export interface NotebookServerOptions {
  readonly http: HttpOptions;
  readonly auth: AuthOptions & ProxyOptions;
  /** Perijove's own data: the named tokens, unless `auth` says where those are. */
  readonly dataDir: string;
  readonly paths: JupyterPaths;
  /** The built front end. */
  readonly appDir: string;
  /** What `/api/status` and `/metrics` count. */
  readonly running: RunningThings;
  /** Ends the server and its kernels; asked for by `POST /api/shutdown`. */
  readonly shutdown: () => void;
  readonly logger: FastifyBaseLogger;
  readonly authorize?: Authorizer;
  readonly audit?: Audit;
  /** Routes of whoever composes the server, after the server's own. */
  readonly routes?: readonly RoutePlugin[];
}

export interface NotebookServer {
  readonly app: FastifyInstance;
  /** Empty when there is a password, or no login at all. */
  readonly token: string;
  /** Base URL included; known once it listens. */
  readonly url: string;
  /** Resolves once it answers. Rejects with what is wrong with the address, in words. */
  listen(): Promise<void>;
  /** Takes no more requests, closes the WebSockets with 1012 and lets open requests end, within `drainTimeoutS`. */
  drain(): Promise<void>;
}

/** A notebook server: this list is what it is made of. */
export async function createNotebookServer(options: NotebookServerOptions): Promise<NotebookServer> {
  const { http, auth, paths, running, logger } = options;
  const authorize = options.authorize ?? authorizeByRole;
  const token = chooseToken(auth);
  const namedTokens = await NamedTokens.open({
    path: auth.tokensFile || join(options.dataDir, 'tokens.json'),
    log: logger,
  });
  const proxy =
    auth.proxyHeader === '' ? undefined : await ProxyIdentity.open({ options: auth, log: logger });
  const authenticator = new Authenticator({
    namedTokens,
    ...(proxy === undefined ? {} : { proxy }),
    ...(auth.trustUpstreamUsernames === undefined
      ? {}
      : { trustUpstreamUsernames: auth.trustUpstreamUsernames }),
    token,
    hashedPassword: auth.hashedPassword,
    cookieSecret: await readCookieSecret(paths.runtimeDir),
    cookieDays: auth.cookieDays,
    baseUrl: normalizeBaseUrl(http.baseUrl),
  });
  const app = await createApp({
    http,
    auth,
    authenticator,
    authorize,
    ...(options.audit === undefined ? {} : { audit: options.audit }),
    logger,
    routes: [
      apiRoutes(),
      loginRoutes({
        authenticator,
        attempts: new LoginAttempts({ freeAttempts: auth.loginFreeAttempts, maxWaitS: auth.loginMaxWaitS }),
        trustXheaders: http.trustXheaders,
        ...(auth.allowPasswordChange
          ? { storePassword: (hash) => storePassword(paths.configDir, hash) }
          : {}),
      }),
      meRoutes({ authenticator, authorize, trustXheaders: http.trustXheaders }),
      configRoutes({ config: new ConfigStore({ ...paths, log: logger }) }),
      statusRoutes(running),
      metricsRoutes({ running, authenticate: auth.authenticatePrometheus }),
      specRoutes(),
      shutdownRoutes({ shutdown: options.shutdown }),
      cspReportRoutes(),
      staticRoutes({ appDir: options.appDir, configDir: paths.configDir }),
      redirectRoutes(),
      ...(options.routes ?? []),
    ],
  });
  namedTokens.onChange(() => app.sockets.closeInvalid());
  app.addHook('onClose', async () => {
    namedTokens.close();
    proxy?.close();
  });
  const listener = listen(app, http);
  return {
    app,
    token,
    get url() {
      return listener.url;
    },
    listen: () => listener.listen(),
    drain: () => listener.drain(),
  };
}
