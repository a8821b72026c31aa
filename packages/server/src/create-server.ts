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
import { createApp } from './http/app.ts';
import { listen } from './http/listen.ts';
import type { HttpOptions } from './http/options.ts';
import type { RoutePlugin } from './http/route-plugin.ts';
import { normalizeBaseUrl } from './http/site.ts';
import type { RunningThings } from './status/status-routes.ts';

export interface ServerOptions {
  readonly http: HttpOptions;
  readonly auth: AuthOptions & ProxyOptions;
  /** Perijove's own data: the named tokens, unless `auth` says where those are. */
  readonly dataDir: string;
  readonly paths: JupyterPaths;
  /** What `/api/status` and `/metrics` count. */
  readonly running: RunningThings;
  readonly logger: FastifyBaseLogger;
  readonly authorize?: Authorizer;
  readonly audit?: Audit;
  /** Routes of whoever composes the server, after the server's own. */
  readonly routes?: readonly RoutePlugin[];
}

export interface Server {
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

/** What every server of ours has: logins, an app around its routes, an address. `routes` come after the logins'. */
export async function createServer(options: ServerOptions, routes: readonly RoutePlugin[]): Promise<Server> {
  const { http, auth, paths, logger } = options;
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
      loginRoutes({
        authenticator,
        attempts: new LoginAttempts({ freeAttempts: auth.loginFreeAttempts, maxWaitS: auth.loginMaxWaitS }),
        trustXheaders: http.trustXheaders,
        ...(auth.allowPasswordChange
          ? { storePassword: (hash) => storePassword(paths.configDir, hash) }
          : {}),
      }),
      meRoutes({ authenticator, authorize, trustXheaders: http.trustXheaders }),
      ...routes,
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
