import type { IncomingMessage } from 'node:http';
import type { Authentication, Authenticator } from '../auth/authenticator.ts';
import type { Authorizer } from '../auth/authorizer.ts';
import type { User } from '../auth/user.ts';
import type { Access, Resource } from './access.ts';
import { lastCookie } from './cookies.ts';
import { hostnameOf, isLoopbackAddress } from './hosts.ts';
import { judgeRequest, type RequestPolicy, type Verdict } from './judge-request.ts';
import type { HttpOptions } from './options.ts';
import { peerOf } from './peer.ts';

interface AccessCheck extends Authentication {
  readonly verdict: Verdict;
}

export interface AccessChecker {
  readonly authenticator: Authenticator;
  readonly policy: RequestPolicy;
  readonly trustXheaders: boolean;
  check(access: Access, request: IncomingMessage): Promise<AccessCheck>;
  /** Who asks, on routes that let everybody in. */
  authenticate(request: IncomingMessage): Promise<Authentication>;
  /**
   * Whether a user is shown what belongs to `owner`. What one is not shown is not there: handlers answer as for an unknown id,
   * so that nobody learns which ids there are, and clients do what they do when a kernel is gone.
   */
  sees(user: User | undefined, resource: Resource, owner: string): boolean;
}

export function createAccessChecker(
  options: HttpOptions & { readonly disableCheckXsrf: boolean },
  authenticator: Authenticator,
  authorize: Authorizer,
): AccessChecker {
  const policy: RequestPolicy = {
    allowRemoteAccess: options.allowRemoteAccess ?? !isLocal(options),
    localHostnames: options.localHostnames.map((name) => name.toLowerCase()),
    allowOrigin: options.allowOrigin,
    allowOriginPat: options.allowOriginPat === '' ? undefined : new RegExp(`^(?:${options.allowOriginPat})$`),
    checksXsrf: !options.disableCheckXsrf,
    authorize,
  };
  const authenticate = (request: IncomingMessage) =>
    authenticator.authenticate({
      headers: request.headers,
      query: queryOf(request),
      isSecure: peerOf(request, options.trustXheaders).isSecure,
    });
  return {
    authenticator,
    policy,
    trustXheaders: options.trustXheaders,
    async check(access, request) {
      const { headers, method = 'GET' } = request;
      const { user, setCookies, problem }: Authentication =
        access.kind === 'public' ? { user: undefined, setCookies: [] } : await authenticate(request);
      const verdict = judgeRequest(
        access,
        {
          method,
          host: headers.host,
          // RFC 6455 has Origin; old drafts had the other name.
          origin: headers.origin ?? one(headers['sec-websocket-origin']),
          referer: headers.referer,
          xsrfCookie: lastCookie(headers.cookie, '_xsrf'),
          xsrfToken:
            one(headers['x-xsrftoken']) ??
            one(headers['x-csrftoken']) ??
            queryOf(request).get('_xsrf') ??
            undefined,
          user,
        },
        policy,
      );
      return { verdict, user, setCookies, ...(problem === undefined ? {} : { problem }) };
    },
    authenticate,
    sees: (user, resource, owner) =>
      user !== undefined && authorize(user, 'read', resource, owner === user.username),
  };
}

function isLocal({ ip, sock }: HttpOptions): boolean {
  return sock !== '' || ip === 'localhost' || isLoopbackAddress(hostnameOf(ip));
}

/** Of any URL that a client may send, well-formed or not. */
export function queryOf(request: IncomingMessage): URLSearchParams {
  const url = request.url ?? '';
  const at = url.indexOf('?');
  return new URLSearchParams(at < 0 ? '' : url.slice(at + 1));
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
