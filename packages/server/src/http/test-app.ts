import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import pino from 'pino';
import type { Audit } from '../audit/audit-entry.ts';
import { Authenticator } from '../auth/authenticator.ts';
import type { Authorizer } from '../auth/authorizer.ts';
import { authOptions, type AuthOptions } from '../auth/options.ts';
import { createApp } from './app.ts';
import { withDefaults } from './option-values.ts';
import { httpOptions, type HttpOptions } from './options.ts';
import type { RoutePlugin } from './route-plugin.ts';
import { normalizeBaseUrl } from './site.ts';

export const testToken = 'test-token';
/** Headers of a client that may do everything. */
export const withToken = { authorization: `token ${testToken}` };

export interface TestAppOptions {
  readonly http?: Partial<HttpOptions>;
  readonly auth?: Partial<AuthOptions>;
  /** Instead of one with `testToken` and `auth`. */
  readonly authenticator?: Authenticator;
  readonly authorize?: Authorizer;
  readonly audit?: Audit;
  readonly logger?: FastifyBaseLogger;
  readonly now?: () => number;
}

/** The real app around some routes, for the tests of these; `inject` into it with `withToken`, or `listen` on port 0. */
export async function createTestApp(
  routes: readonly RoutePlugin[],
  options: TestAppOptions = {},
): Promise<FastifyInstance> {
  const http = withDefaults(httpOptions, options.http);
  const auth = withDefaults(authOptions, { token: testToken, ...options.auth });
  const app = await createApp({
    http,
    auth,
    authenticator:
      options.authenticator ??
      new Authenticator({
        token: auth.token ?? '',
        hashedPassword: auth.hashedPassword,
        cookieSecret: 'secret of the tests',
        cookieDays: auth.cookieDays,
        baseUrl: normalizeBaseUrl(http.baseUrl),
        ...(options.now === undefined ? {} : { now: options.now }),
      }),
    logger: options.logger ?? pino({ level: 'silent' }),
    routes,
    ...(options.audit === undefined ? {} : { audit: options.audit }),
    ...(options.authorize === undefined ? {} : { authorize: options.authorize }),
  });
  await app.ready();
  return app;
}
