import { describe, expect, test } from 'vitest';
import { createTestApp, testToken, withToken } from './test-app.ts';
import type { RoutePlugin } from './route-plugin.ts';

const things: RoutePlugin = async (app) => {
  app.get('/api/thing', { config: { access: { kind: 'api', resource: 'contents' } } }, async (request) => ({
    by: request.user?.by,
  }));
  app.post('/api/thing', { config: { access: { kind: 'api', resource: 'contents' } } }, async () => ({}));
  app.get('/page', { config: { access: { kind: 'page', resource: 'contents' } } }, async (_request, reply) =>
    reply.type('text/html').send('<p>'),
  );
  app.get(
    '/files/x',
    { config: { access: { kind: 'page', resource: 'contents', checksReferer: true } } },
    async () => 'x',
  );
};

/** A browser that is logged in. */
async function browserOf(app: Awaited<ReturnType<typeof createTestApp>>) {
  const response = await app.inject({ url: `/page?token=${testToken}`, headers: { host: 'localhost' } });
  const cookie = response.cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
  const xsrf = response.cookies.find(({ name }) => name === '_xsrf')?.value ?? '';
  return { headers: { cookie, host: 'localhost' }, xsrf };
}

describe('who one is', () => {
  test('[A1] a token is taken from the query, as `token` or as `Bearer`', async () => {
    const app = await createTestApp([things]);
    for (const request of [
      { url: `/api/thing?token=${testToken}` },
      { url: '/api/thing', headers: { authorization: `token ${testToken}` } },
      { url: '/api/thing', headers: { authorization: `bearer ${testToken}` } },
    ]) {
      const response = await app.inject(request);
      expect(response.statusCode).toBe(200);
      expect(response.json()).toEqual({ by: 'token' });
    }
    for (const wrong of ['', 'test-tokenx', 'TEST-TOKEN', '\u00e9']) {
      expect((await app.inject(`/api/thing?token=${encodeURIComponent(wrong)}`)).statusCode).toBe(403);
    }
  });

  test('[A2] a stranger gets 403 in JSON from an API and the way to the login from a page', async () => {
    const app = await createTestApp([things]);
    const api = await app.inject('/api/thing');
    expect([api.statusCode, api.json()]).toEqual([403, { message: 'Forbidden', reason: null }]);
    const page = await app.inject('/page?a=1&b=2');
    expect([page.statusCode, page.headers.location]).toEqual([302, '/login?next=%2Fpage%3Fa%3D1%26b%3D2']);
  });

  test('[A3] a token makes a login cookie, and the cookie alone then does', async () => {
    const app = await createTestApp([things]);
    const { headers } = await browserOf(app);
    expect(headers.cookie).toMatch(/^username-localhost=2\|1:0\|/);
    const response = await app.inject({ url: '/api/thing', headers });
    expect([response.statusCode, response.json()]).toEqual([200, { by: 'cookie' }]);
    expect(response.headers['set-cookie']).toBeUndefined();
  });

  test('[A4] a login cookie is HttpOnly, SameSite=Lax, bound to the base URL, and Secure behind https', async () => {
    const app = await createTestApp([things], { http: { baseUrl: '/base', trustXheaders: true } });
    const url = `/base/page?token=${testToken}`;
    const plain = String((await app.inject(url)).headers['set-cookie']);
    expect(plain).toMatch(
      /username-[^;]*; Path=\/base\/; SameSite=Lax; Max-Age=2592000; Expires=[^;]*; HttpOnly(?!; Secure)/,
    );
    const secure = String(
      (await app.inject({ url, headers: { 'x-forwarded-proto': 'https' } })).headers['set-cookie'],
    );
    expect(secure).toContain('HttpOnly; Secure');
  });

  test('[A5] a forged, foreign or old cookie is not believed, and cleared', async () => {
    let now = Date.now();
    const app = await createTestApp([things], { now: () => now });
    const { headers } = await browserOf(app);
    const [name, value] = (headers.cookie.split('; ')[0] ?? '').split('=', 2) as [string, string];
    const forgeries = [
      value.replace(/.$/, (c) => (c === '0' ? '1' : '0')),
      value.replace('|', '||'),
      `2|1:0|10:9999999999|${name.length}:${name}|4:e30=|${'0'.repeat(64)}`,
      'x',
    ];
    for (const forged of forgeries) {
      const response = await app.inject({
        url: '/api/thing',
        headers: { host: 'localhost', cookie: `${name}=${forged}` },
      });
      expect(response.statusCode).toBe(403);
      expect(String(response.headers['set-cookie'])).toContain(`${name}=; Path=/`);
    }
    // Signed for another name: another server's.
    const other = await app.inject({
      url: '/api/thing',
      headers: { host: 'localhost:1', cookie: `username-localhost-1=${value}` },
    });
    expect(other.statusCode).toBe(403);
    now += 31 * 86_400_000;
    expect((await app.inject({ url: '/api/thing', headers })).statusCode).toBe(403);
  });

  test('[A6] without token and password everybody is let in, and keeps the name that they got', async () => {
    const app = await createTestApp([things], { auth: { token: '' } });
    const response = await app.inject({ url: '/api/thing', headers: { host: 'localhost' } });
    expect([response.statusCode, response.json()]).toEqual([200, { by: 'nobody' }]);
    const cookie = response.cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
    const again = await app.inject({ url: '/api/thing', headers: { host: 'localhost', cookie } });
    expect(again.cookies).toEqual([]);
  });

  test('[A7] an authorizer hears user, action and resource, and its no is 403 in words', async () => {
    const asked: string[] = [];
    const app = await createTestApp([things], {
      authorize: (user, action, resource) => {
        asked.push(`${user.by} ${action} ${resource}`);
        return action === 'read';
      },
    });
    expect((await app.inject({ url: '/api/thing', headers: withToken })).statusCode).toBe(200);
    const denied = await app.inject({ method: 'POST', url: '/api/thing', headers: withToken });
    expect([denied.statusCode, denied.json().message]).toEqual([
      403,
      'User is not authorized to write on resource: contents.',
    ]);
    expect(asked).toEqual(['token read contents', 'token write contents']);
  });
});

describe('other web pages', () => {
  test('[A10] a change by cookie needs the XSRF token; by token it needs none', async () => {
    const app = await createTestApp([things]);
    const { headers, xsrf } = await browserOf(app);
    const post = (extra: Record<string, string>, query = '') =>
      app.inject({ method: 'POST', url: `/api/thing${query}`, headers: { ...headers, ...extra } });
    const missing = await post({});
    expect([missing.statusCode, missing.json().message]).toEqual([403, "'_xsrf' argument missing from POST"]);
    expect((await post({ 'x-xsrftoken': 'guess' })).statusCode).toBe(403);
    expect((await post({ 'x-xsrftoken': xsrf })).statusCode).toBe(200);
    expect((await post({ 'x-csrftoken': xsrf })).statusCode).toBe(200);
    expect((await post({}, `?_xsrf=${xsrf}`)).statusCode).toBe(200);
    expect((await app.inject({ method: 'POST', url: '/api/thing', headers: withToken })).statusCode).toBe(
      200,
    );
  });

  test('[A16] where nobody logs in, a change without an Origin is a program and needs no XSRF token; a page does', async () => {
    const app = await createTestApp([things], { auth: { token: '' } });
    const post = async (headers: Record<string, string>) =>
      (await app.inject({ method: 'POST', url: '/api/thing', headers: { host: 'localhost', ...headers } }))
        .statusCode;
    expect(await post({})).toBe(200);
    expect(await post({ origin: 'http://localhost' })).toBe(403);
    expect(await post({ origin: 'http://evil.example' })).toBe(404);
    expect(await post({ origin: 'null' })).toBe(404);
  });

  test('[A11] of several XSRF cookies the last one counts, as in JupyterLab', async () => {
    const app = await createTestApp([things]);
    const { headers, xsrf } = await browserOf(app);
    const cookie = `_xsrf=of-a-longer-path; ${headers.cookie}`;
    const post = (token: string) =>
      app.inject({
        method: 'POST',
        url: '/api/thing',
        headers: { ...headers, cookie, 'x-xsrftoken': token },
      });
    expect((await post(xsrf)).statusCode).toBe(200);
    expect((await post('of-a-longer-path')).statusCode).toBe(403);
  });

  test('[A12] a forged Origin is 404 for a cookie, and nothing to a token', async () => {
    const app = await createTestApp([things]);
    const { headers } = await browserOf(app);
    const get = (origin: string, extra = headers as Record<string, string>) =>
      app.inject({ url: '/api/thing', headers: { host: 'localhost', ...extra, origin } });
    for (const origin of [
      'http://evil.example',
      'null',
      'http://localhost:9999',
      'http://localhost@evil.example',
      'http://localhost.evil.example',
      '',
    ]) {
      const response = await get(origin);
      expect([response.statusCode, response.json().message]).toEqual([404, 'Not Found']);
    }
    expect((await get('http://localhost')).statusCode).toBe(200);
    expect((await get('https://LOCALHOST')).statusCode).toBe(200);
    const script = await get('http://evil.example', withToken);
    expect([script.statusCode, script.headers['access-control-allow-origin']]).toEqual([
      200,
      'http://evil.example',
    ]);
  });

  test('[A13] allowed origins are allowed by name or by a pattern that fits the whole', async () => {
    for (const http of [
      { allowOrigin: 'https://good.example', allowCredentials: true },
      { allowOriginPat: 'https://[a-z]+\\.example', allowCredentials: true },
    ]) {
      const app = await createTestApp([things], { http });
      const { headers } = await browserOf(app);
      const good = await app.inject({
        url: '/api/thing',
        headers: { ...headers, origin: 'https://good.example' },
      });
      expect(good.statusCode).toBe(200);
      expect(good.headers['access-control-allow-origin']).toBe('https://good.example');
      expect(good.headers['access-control-allow-credentials']).toBe('true');
      for (const origin of [
        'https://good.example.evil.org',
        'x-https://good.example',
        'https://good.example:1',
      ]) {
        const bad = await app.inject({ url: '/api/thing', headers: { ...headers, origin } });
        expect(bad.statusCode).toBe(404);
      }
    }
  });

  test('[A14] a DNS-rebound Host is refused, even with the token and on public paths', async () => {
    const app = await createTestApp([things], { http: { localHostnames: ['localhost', 'my.Machine'] } });
    const get = (host: string) => app.inject({ url: '/api/thing', headers: { ...withToken, host } });
    for (const host of [
      'evil.example',
      'evil.example:8888',
      'localhost.evil.example',
      '10.0.0.1',
      '127.0.0.1.evil.example',
      '[::2]:80',
    ]) {
      const response = await get(host);
      expect([response.statusCode, response.json().message]).toEqual([
        403,
        'Blocking request with non-local "Host"',
      ]);
    }
    for (const host of [
      'localhost',
      'LOCALHOST:8888',
      '127.0.0.1',
      '127.1.2.3:80',
      '[::1]:8888',
      'my.machine',
    ]) {
      expect((await get(host)).statusCode).toBe(200);
    }
    const open = await createTestApp([things], { http: { ip: '0.0.0.0' } });
    expect(
      (await open.inject({ url: '/api/thing', headers: { ...withToken, host: 'any.example' } })).statusCode,
    ).toBe(200);
  });

  test('[A15] files are for cookies that come from a page of this host', async () => {
    const app = await createTestApp([things]);
    const { headers, xsrf } = await browserOf(app);
    const get = (extra: Record<string, string>, query = '') =>
      app.inject({ url: `/files/x${query}`, headers: { ...headers, ...extra } });
    expect((await get({})).statusCode).toBe(403);
    expect((await get({ referer: 'http://evil.example/localhost' })).statusCode).toBe(403);
    expect((await get({ referer: 'http://localhost/lab' })).statusCode).toBe(200);
    expect((await get({}, `?_xsrf=${xsrf}`)).statusCode).toBe(200);
    expect((await app.inject({ url: '/files/x', headers: withToken })).statusCode).toBe(200);
  });
});
