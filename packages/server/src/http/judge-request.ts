import { timingSafeEqual } from 'node:crypto';
import type { Authorizer } from '../auth/authorizer.ts';
import type { User } from '../auth/user.ts';
import type { ServerErrorCode } from '../errors.ts';
import type { Access } from './access.ts';
import { hostnameOf, isLoopbackAddress } from './hosts.ts';

export interface RequestFacts {
  readonly method: string;
  /** The Host header; undefined with HTTP/1.0, which no browser speaks. */
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly referer: string | undefined;
  readonly xsrfCookie: string | undefined;
  /** From the header X-XSRFToken or X-CSRFToken, or the query argument `_xsrf`. */
  readonly xsrfToken: string | undefined;
  readonly user: User | undefined;
}

export interface RequestPolicy {
  readonly allowRemoteAccess: boolean;
  readonly localHostnames: readonly string[];
  readonly allowOrigin: string;
  readonly allowOriginPat: RegExp | undefined;
  readonly checksXsrf: boolean;
  readonly authorize: Authorizer;
}

export type Verdict =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly code: ServerErrorCode; readonly message: string };

const allowed: Verdict = { allowed: true };
const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Decides whether a request may reach its handler; the same for HTTP and WebSockets. `UNAUTHENTICATED` is the one refusal
 * that a page turns into a way to the login. Order as Jupyter's: Host, Origin, user, XSRF, Referer, permission.
 */
export function judgeRequest(access: Access, facts: RequestFacts, policy: RequestPolicy): Verdict {
  if (!isHostAllowed(facts.host, policy))
    return refused('BAD_HOST', 'Blocking request with non-local "Host"');
  if (access.kind === 'public') return allowed;
  const { user } = facts;
  const checksSite = user?.by !== 'token' && access.unchecked !== true;
  if (checksSite && access.kind !== 'page' && !isOriginAllowed(facts, policy)) {
    return access.kind === 'socket'
      ? refused('FORBIDDEN', 'Cross-origin WebSocket')
      : refused('BAD_ORIGIN', 'Not Found');
  }
  if (user === undefined) return refused('UNAUTHENTICATED', 'Forbidden');
  if (checksSite && policy.checksXsrf && access.kind !== 'socket' && !isXsrfSatisfied(access, facts)) {
    return refused(
      'BAD_XSRF',
      facts.xsrfToken === undefined
        ? `'_xsrf' argument missing from ${facts.method}`
        : `XSRF cookie does not match ${facts.method} argument`,
    );
  }
  const action = access.action ?? actionOf(access, facts.method);
  // Whose a thing is only its handler knows; what nobody owns is everybody's own.
  if (!policy.authorize(user, action, access.resource, true)) {
    return refused('FORBIDDEN', `User is not authorized to ${action} on resource: ${access.resource}.`);
  }
  return allowed;
}

/** Guards against DNS rebinding: a page whose name was made to point at this machine still sends its own name. */
function isHostAllowed(host: string | undefined, policy: RequestPolicy): boolean {
  if (policy.allowRemoteAccess || host === undefined) return true;
  const hostname = hostnameOf(host);
  return isLoopbackAddress(hostname) || policy.localHostnames.includes(hostname);
}

/** No Origin: not a browser's cross-site request. Scheme is not compared, as a proxy may end TLS. */
function isOriginAllowed(facts: Pick<RequestFacts, 'origin' | 'host'>, policy: RequestPolicy): boolean {
  const { origin, host } = facts;
  if (origin === undefined || host === undefined) return true;
  if (policy.allowOrigin === '*' || (policy.allowOrigin !== '' && policy.allowOrigin === origin)) return true;
  if (policy.allowOriginPat?.test(origin)) return true;
  return hostOfUrl(origin) === host.toLowerCase();
}

export function isXsrfTokenValid(cookie: string | undefined, token: string | undefined): boolean {
  if (cookie === undefined || token === undefined || cookie === '') return false;
  const [a, b] = [Buffer.from(cookie), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function isXsrfSatisfied(access: Exclude<Access, { kind: 'public' }>, facts: RequestFacts): boolean {
  const isSafe = safeMethods.has(facts.method);
  if (isSafe && access.checksReferer !== true) return true;
  // Where nobody logs in there is no cookie for another page to make use of, and browsers send Origin with every change: a
  // program sends this. Clients of a gateway know nothing of XSRF.
  if (!isSafe && access.kind === 'api' && facts.user?.by === 'nobody' && facts.origin === undefined)
    return true;
  if (isXsrfTokenValid(facts.xsrfCookie, facts.xsrfToken)) return true;
  if (!isSafe || facts.referer === undefined || facts.host === undefined) return false;
  return hostOfUrl(facts.referer) === facts.host.toLowerCase();
}

function actionOf(access: Access, method: string): 'read' | 'write' | 'execute' {
  if (access.kind === 'socket') return 'execute';
  return safeMethods.has(method) ? 'read' : 'write';
}

/** Host with its port, lower case; undefined for `null` and what is no URL. */
function hostOfUrl(url: string): string | undefined {
  return /^[a-z][a-z0-9+.-]*:\/\/([^/?#@\\]+)(?:[/?#]|$)/i.exec(url)?.[1]?.toLowerCase();
}

function refused(code: ServerErrorCode, message: string): Verdict {
  return { allowed: false, code, message };
}
