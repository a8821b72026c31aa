import { randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { auditedUser } from '../audit/audit-entry.ts';
import { ServerError } from '../errors.ts';
import type { Access } from './access.ts';
import type { AccessChecker } from './check-access.ts';
import { lastCookie, setCookie } from './cookies.ts';
import { pathOf } from './error-answers.ts';
import { peerOf } from './peer.ts';
import { vary } from './vary.ts';

declare module 'fastify' {
  interface FastifyInstance {
    access: AccessChecker;
  }
  interface FastifyReply {
    /** Gives the page its XSRF cookie, if it has none; pages read it by script. Returns the value. */
    ensureXsrfCookie(): string;
  }
}

const isDefault: Access = { kind: 'api', resource: 'api' };
const corsPreflight = {
  'access-control-allow-headers': 'accept, content-type, authorization, x-xsrftoken',
  'access-control-allow-methods': 'GET, PUT, POST, PATCH, DELETE, OPTIONS',
};

/** Runs before every handler: who asks, whether they may, and where a browser is sent that may not or has a slash too many. */
export function addAccessHook(app: FastifyInstance): void {
  app.decorateRequest('user', undefined);
  app.decorateReply('ensureXsrfCookie', ensureXsrfCookie);
  app.addHook('onRequest', async (request, reply) => {
    const elsewhere = request.is404 ? redirectOfUnknown(request) : undefined;
    if (elsewhere !== undefined) return reply.redirect(elsewhere, 302);
    if (request.method === 'OPTIONS') {
      for (const [name, value] of Object.entries(corsPreflight)) {
        if (!reply.hasHeader(name)) reply.header(name, value);
      }
      return reply.code(200).send();
    }
    const access = request.is404
      ? accessOfUnknown(request)
      : (request.routeOptions.config.access ?? isDefault);
    const { verdict, user, setCookies, problem } = await app.access.check(access, request.raw);
    if (problem !== undefined) request.log.warn({ problem }, 'A request does not prove who it is of');
    if (setCookies.length > 0) reply.header('set-cookie', [...setCookies]);
    request.user = user;
    if (!verdict.allowed) request.refusal = problem ?? verdict.message;
    if (verdict.allowed) {
      if (
        user?.by === 'token' &&
        request.headers.origin !== undefined &&
        !reply.hasHeader('access-control-allow-origin')
      ) {
        // A script of another site that knows the token is as good as any client.
        vary(reply, 'Origin');
        reply.header('access-control-allow-origin', request.headers.origin);
      }
      if (access.kind === 'page' && request.method === 'GET') reply.ensureXsrfCookie();
      // A page that is opened with a token in its address; programs with a token log in nowhere.
      if (access.kind === 'page' && user !== undefined && setCookies.length > 0) {
        const { address } = peerOf(request.raw, app.access.trustXheaders);
        app.audit.write({ event: 'login', outcome: 'done', ...auditedUser(user), peer: address });
      }
      return undefined;
    }
    if (verdict.code === 'UNAUTHENTICATED' && access.kind === 'page' && /^(GET|HEAD)$/.test(request.method)) {
      return reply.redirect(`${app.site.baseUrl}login?next=${encodeURIComponent(request.originalUrl)}`, 302);
    }
    throw new ServerError(verdict.code, verdict.message);
  });
}

/** A path that nobody knows is no secret of the server's, but strangers are told to log in before they hear so. */
function accessOfUnknown(request: FastifyRequest): Access {
  return {
    kind: /\/api\//.test(pathOf(request.url)) ? 'api' : 'page',
    resource: 'api',
    action: 'read',
    unchecked: true,
  };
}

/** `/` → what it stands for; `/lab/` → `/lab`. The query is kept. */
function redirectOfUnknown({
  originalUrl: url,
  method,
  server: { site },
}: FastifyRequest): string | undefined {
  const path = pathOf(url);
  const query = url.slice(path.length);
  if (path === '/' || path === site.baseUrl || `${path}/` === site.baseUrl) return site.defaultUrl + query;
  if (!path.endsWith('/') || !/^(GET|HEAD|POST|PUT)$/.test(method)) return undefined;
  // Slashes at the beginning are cut too: `//example.org/` would lead away.
  return `/${path.replace(/^[/\\]+|\/+$/g, '')}${query}`;
}

function ensureXsrfCookie(this: FastifyReply): string {
  const existing = lastCookie(this.request.headers.cookie, '_xsrf');
  if (existing !== undefined && existing !== '') return existing;
  const value = randomBytes(24).toString('hex');
  const { site } = this.server;
  this.header('set-cookie', setCookie('_xsrf', value, { path: site.baseUrl }));
  return value;
}
