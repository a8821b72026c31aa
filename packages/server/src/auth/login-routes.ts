import type { FastifyReply, FastifyRequest } from 'fastify';
import { ServerError } from '../errors.ts';
import { queryOf } from '../http/check-access.ts';
import { lastCookie } from '../http/cookies.ts';
import { isXsrfTokenValid } from '../http/judge-request.ts';
import { peerOf } from '../http/peer.ts';
import type { RoutePlugin } from '../http/route-plugin.ts';
import type { Authenticator } from './authenticator.ts';
import type { LoginAttempts } from './login-attempts.ts';
import { loginPage, logoutPage } from './login-page.ts';
import { hashPassword, verifyPassword } from './password.ts';
import { safeNext } from './safe-next.ts';
import type { User } from './user.ts';

export interface LoginDeps {
  readonly authenticator: Authenticator;
  readonly attempts: LoginAttempts;
  /** Keeps the hash of a new password for the next start; absent: passwords cannot be chosen here. */
  readonly storePassword?: (hashedPassword: string) => Promise<void>;
  readonly trustXheaders: boolean;
}

/** `/login` and `/logout`, as browsers and the VS Code extension walk through them. */
export function loginRoutes(deps: LoginDeps): RoutePlugin {
  const { authenticator, attempts } = deps;
  const config = { access: { kind: 'public' } } as const;
  const schema = { hide: true };

  return async (app) => {
    const { baseUrl, defaultUrl } = app.site;
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));

    app.get('/login', { config, schema }, async (request, reply) => {
      const { user, setCookies } = await app.access.authenticate(request.raw);
      if (setCookies.length > 0) reply.header('set-cookie', [...setCookies]);
      if (user !== undefined) return reply.redirect(nextOf(request), 302);
      return showForm(request, reply);
    });

    app.post('/login', { config, schema, bodyLimit: 64 * 1024 }, async (request, reply) => {
      const form = new URLSearchParams(typeof request.body === 'string' ? request.body : '');
      checkXsrf(request, form);
      const peer = peerOf(request.raw, deps.trustXheaders);
      const waitS = attempts.begin(peer.address);
      if (waitS > 0) {
        request.refusal = 'too many wrong logins';
        reply.code(429).header('retry-after', waitS);
        return showForm(request, reply, `Too many wrong logins. Try again in ${waitS} s.`);
      }
      const user = await userOf(form);
      if (user === undefined) {
        request.refusal = 'wrong token or password';
        request.log.warn({ address: peer.address }, 'Wrong login');
        return showForm(request, reply.code(401), 'That is not it. Try again.');
      }
      request.user = user;
      attempts.succeeded(peer.address);
      const { raw } = request;
      // VS Code takes the first Set-Cookie for the session's.
      reply.header(
        'set-cookie',
        authenticator.loginCookie(user, { headers: raw.headers, isSecure: peer.isSecure }),
      );
      return reply.redirect(nextOf(request), 302);
    });

    app.get('/logout', { config, schema }, async (request, reply) => {
      const { isSecure } = peerOf(request.raw, deps.trustXheaders);
      reply.header('set-cookie', authenticator.logoutCookie({ headers: request.headers, isSecure }));
      return reply
        .type('text/html; charset=utf-8')
        .header('cache-control', 'no-store')
        .send(logoutPage(baseUrl));
    });

    function nextOf(request: FastifyRequest): string {
      return safeNext(queryOf(request.raw).get('next'), baseUrl, defaultUrl);
    }

    function showForm(request: FastifyRequest, reply: FastifyReply, problem?: string): FastifyReply {
      const next = nextOf(request);
      const html = loginPage({
        baseUrl,
        next: next === defaultUrl ? undefined : next,
        xsrf: reply.ensureXsrfCookie(),
        hasToken: authenticator.token !== '' || authenticator.hasNamedTokens,
        isTokenPrinted: authenticator.token !== '',
        hasPassword: authenticator.hashedPassword !== '',
        mayChoosePassword: authenticator.token !== '' && deps.storePassword !== undefined,
        problem,
      });
      // A frame around a login form is somebody's trap, even of this site.
      reply.header(
        'content-security-policy',
        app.site.csp("default-src 'none'", "style-src 'unsafe-inline'", "form-action 'self'"),
      );
      return reply.type('text/html; charset=utf-8').header('cache-control', 'no-store').send(html);
    }

    function checkXsrf(request: FastifyRequest, form: URLSearchParams): void {
      if (!app.access.policy.checksXsrf) return;
      const header = request.headers['x-xsrftoken'] ?? request.headers['x-csrftoken'];
      const token = (typeof header === 'string' ? header : undefined) ?? form.get('_xsrf') ?? undefined;
      const sent = token ?? queryOf(request.raw).get('_xsrf') ?? undefined;
      if (isXsrfTokenValid(lastCookie(request.headers.cookie, '_xsrf'), sent)) return;
      const message =
        sent === undefined
          ? "'_xsrf' argument missing from POST"
          : 'XSRF cookie does not match POST argument';
      throw new ServerError('BAD_XSRF', message);
    }

    /** The server's own token may come with a new password, which from then on makes all earlier cookies void. */
    async function userOf(form: URLSearchParams): Promise<User | undefined> {
      const password = form.get('password') ?? '';
      const newPassword = form.get('new_password') ?? '';
      if (authenticator.isOpen) return authenticator.newcomer();
      if (newPassword !== '' && deps.storePassword !== undefined && authenticator.isToken(password)) {
        const hashed = await hashPassword(newPassword);
        await deps.storePassword(hashed);
        authenticator.hashedPassword = hashed;
        app.sockets.closeInvalid();
      }
      const byToken = authenticator.userOfToken(password);
      if (byToken !== undefined) return byToken;
      const isRight = newPassword === '' && (await verifyPassword(authenticator.hashedPassword, password));
      return isRight ? authenticator.newcomer() : undefined;
    }
  };
}
