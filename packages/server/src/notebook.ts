import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { Authenticator } from './auth/authenticator.ts';
import type { Authorizer } from './auth/authorizer.ts';
import { chooseToken } from './auth/choose-token.ts';
import { readCookieSecret } from './auth/cookie-secret.ts';
import type { AuthOptions } from './auth/options.ts';
import { createApp } from './http/app.ts';
import { listen } from './http/listen.ts';
import type { HttpOptions } from './http/options.ts';
import type { RoutePlugin } from './http/route-plugin.ts';
import { normalizeBaseUrl } from './http/site.ts';
import { apiRoutes } from './status/api-routes.ts';

export interface NotebookServerOptions {
  readonly http: HttpOptions;
  readonly auth: AuthOptions;
  /** Jupyter's runtime folder; the secret that signs cookies is kept there. */
  readonly runtimeDir: string;
  readonly logger: FastifyBaseLogger;
  readonly authorize?: Authorizer;
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
  const { http, auth } = options;
  const token = chooseToken(auth);
  const authenticator = new Authenticator({
    token,
    hashedPassword: auth.hashedPassword,
    cookieSecret: await readCookieSecret(options.runtimeDir),
    cookieDays: auth.cookieDays,
    baseUrl: normalizeBaseUrl(http.baseUrl),
  });
  const app = await createApp({
    http,
    auth,
    authenticator,
    logger: options.logger,
    ...(options.authorize === undefined ? {} : { authorize: options.authorize }),
    routes: [
      apiRoutes(),
      // Add yours here; see "Adding a route" in the README.
      ...(options.routes ?? []),
    ],
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
