import { readFileSync } from 'node:fs';
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { addAuditHook } from '../audit/audit-hook.ts';
import { noAudit, type Audit } from '../audit/audit-entry.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import { authorizeByRole, type Authorizer } from '../auth/authorizer.ts';
import type { AuthOptions } from '../auth/options.ts';
import { addAccessHook } from './access-hook.ts';
import { Activity, trackActivity } from '../status/activity.ts';
import { RequestDurations, trackDurations } from '../status/request-durations.ts';
import { AccessLog } from './access-log.ts';
import { addBodyParser } from './body-parser.ts';
import { createAccessChecker } from './check-access.ts';
import { addCompression } from './compression.ts';
import { addErrorAnswers, answerClientError, answerFrameworkError } from './error-answers.ts';
import { addEtags } from './etag.ts';
import type { HttpOptions } from './options.ts';
import { refuseWhileClosing } from './refuse-while-closing.ts';
import { addResponseHeaders } from './response-headers.ts';
import { RouteTable } from './route-table.ts';
import type { RoutePlugin } from './route-plugin.ts';
import { createSite } from './site.ts';
import { Sockets } from './sockets.ts';
import { serveWithoutUpgrade } from './serve-without-upgrade.ts';
import { lazyCompilers, useLazySchemas } from './lazy-schemas.ts';

export interface AppOptions {
  readonly http: HttpOptions;
  readonly auth: AuthOptions;
  readonly authenticator: Authenticator;
  readonly authorize?: Authorizer;
  readonly audit?: Audit;
  /** pino's, or one like it. */
  readonly logger: FastifyBaseLogger;
  readonly routes: readonly RoutePlugin[];
}

/** A Fastify instance with everything that is the same for all routes, and the routes under the base URL. */
export async function createApp(options: AppOptions): Promise<FastifyInstance> {
  const { http, authenticator, logger, audit = noAudit } = options;
  const site = createSite(http);
  const checker = createAccessChecker(
    { ...http, ...options.auth },
    authenticator,
    options.authorize ?? authorizeByRole,
  );
  const app = Fastify({
    loggerInstance: logger,
    logController: new AccessLog(),
    bodyLimit: http.maxJsonBodySize,
    requestTimeout: http.requestTimeoutS * 1000,
    keepAliveTimeout: http.keepAliveTimeoutS * 1000,
    maxRequestsPerSocket: 0,
    ...nodeServerOptions(http),
    routerOptions: { maxParamLength: 8192 },
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    schemaController: lazyCompilers,
    rewriteUrl: (request) => site.toRoute(request.url ?? '/'),
    clientErrorHandler: answerClientError,
    frameworkErrors: answerFrameworkError,
  });
  const sockets = new Sockets({
    site,
    checker,
    audit,
    trustXheaders: http.trustXheaders,
    log: logger,
    serveWithoutUpgrade: (request, socket) => serveWithoutUpgrade(app, request, socket),
    pingIntervalMs: http.websocketPingIntervalS * 1000,
    pingTimeoutMs: http.websocketPingTimeoutS * 1000,
  });
  app.decorate('site', site);
  app.decorate('sockets', sockets);
  app.decorate('access', checker);
  app.decorate('routeTable', new RouteTable());
  app.addHook('onRoute', (route) => app.routeTable.add(route));
  app.server.on('upgrade', (request, socket, head) => sockets.handleUpgrade(request, socket, head));
  app.decorate('activity', new Activity());
  app.decorate('requestDurations', new RequestDurations());
  useLazySchemas(app);
  addBodyParser(app);
  addResponseHeaders(app, http);
  refuseWhileClosing(app);
  addAuditHook(app, { audit, trustXheaders: http.trustXheaders });
  addAccessHook(app);
  trackActivity(app);
  trackDurations(app);
  addEtags(app);
  addCompression(app, http);
  addErrorAnswers(app);
  await app.register(
    async (based) => {
      for (const routes of options.routes) await based.register(routes);
    },
    { prefix: site.routeBase.replace(/\/$/, '').replaceAll(':', '::') },
  );
  return app;
}

function nodeServerOptions(options: HttpOptions) {
  const limits = {
    maxHeaderSize: options.maxHeaderSize,
    headersTimeout: options.headersTimeoutS * 1000,
    // Node looks for late clients this often.
    connectionsCheckingInterval: Math.min(10_000, options.headersTimeoutS * 500),
  };
  return options.certfile === '' ? { http: limits } : { https: { ...limits, ...readCertificate(options) } };
}

function readCertificate({ certfile, keyfile, clientCa }: HttpOptions) {
  return {
    cert: readFileSync(certfile),
    key: readFileSync(keyfile === '' ? certfile : keyfile),
    ...(clientCa === '' ? {} : { ca: readFileSync(clientCa), requestCert: true, rejectUnauthorized: true }),
  };
}
