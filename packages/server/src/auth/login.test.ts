import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestApp, testToken, type TestAppOptions } from '../http/test-app.ts';
import { redirectRoutes } from '../status/redirect-routes.ts';
import { Authenticator } from './authenticator.ts';
import { LoginAttempts } from './login-attempts.ts';
import { loginRoutes } from './login-routes.ts';
import { meRoutes } from './me-routes.ts';
import { authorizeByRole } from './authorizer.ts';
import { storePassword } from './store-password.ts';

/** One of Jupyter's older forms, for tests that are not about the hash. */
const quickHash = (password: string) =>
  `sha256:salt:${createHash('sha256').update(`${password}salt`).digest('hex')}`;

let folder: string;
let now = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perijove-login-'));
  now = Date.parse('2026-11-24');
});
afterEach(() => rm(folder, { recursive: true }));

interface Setup {
  readonly token?: string;
  readonly hashedPassword?: string;
  readonly http?: TestAppOptions['http'];
}

async function setUp({ token = testToken, hashedPassword = '', http = {} }: Setup = {}) {
  const baseUrl = http.baseUrl ?? '/';
  const authenticator = new Authenticator({
    token,
    hashedPassword,
    cookieSecret: 's',
    cookieDays: 30,
    baseUrl,
    now: () => now,
  });
  const app = await createTestApp(
    [
      loginRoutes({
        authenticator,
        attempts: new LoginAttempts({ freeAttempts: 3, maxWaitS: 60, now: () => now }),
        storePassword: (hash) => storePassword(folder, hash),
        trustXheaders: http.trustXheaders ?? false,
      }),
      meRoutes({ authenticator, authorize: authorizeByRole, trustXheaders: false }),
      redirectRoutes(),
    ],
    { authenticator, http },
  );
  return { app, authenticator };
}

/** A browser: keeps cookies, and fills in the form. */
class Browser {
  readonly #app: FastifyInstance;
  readonly cookies = new Map<string, string>();

  constructor(app: FastifyInstance) {
    this.#app = app;
  }

  async get(url: string) {
    return this.#keep(await this.#app.inject({ url, headers: this.#headers }));
  }

  async login(form: Record<string, string>, url = '/login', headers: Record<string, string> = {}) {
    if (!this.cookies.has('_xsrf')) await this.get('/login');
    const body = new URLSearchParams({ _xsrf: this.cookies.get('_xsrf') ?? '', ...form }).toString();
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    return this.#keep(
      await this.#app.inject({
        method: 'POST',
        url,
        headers: { ...this.#headers, ...type, ...headers },
        body,
      }),
    );
  }

  get #headers() {
    return {
      host: 'localhost',
      cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
    };
  }

  #keep(response: Awaited<ReturnType<FastifyInstance['inject']>>) {
    for (const { name, value } of response.cookies) {
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response;
  }
}

test('[A20] the token logs in; a wrong one gets 401 and the form again', async () => {
  const { app } = await setUp();
  const browser = new Browser(app);
  const wrong = await browser.login({ password: 'guess' });
  expect(wrong.statusCode).toBe(401);
  expect(wrong.body).toContain('role="alert"');
  const right = await browser.login({ password: testToken });
  expect([right.statusCode, right.headers.location]).toEqual([302, '/lab']);
  expect((await browser.get('/api/me')).statusCode).toBe(200);
  expect((await browser.get('/login?next=/lab/tree/a')).headers.location).toBe('/lab/tree/a');
});

test('[A22] the walk of VS Code: the form, a probe of /tree, the form sent, a session cookie first', async () => {
  const { app } = await setUp({ token: '', hashedPassword: quickHash('secret') });
  const form = await app.inject('/login?');
  const xsrf = form.cookies.find(({ name }) => name === '_xsrf')?.value ?? '';
  expect(form.statusCode).toBe(200);
  expect(xsrf).not.toBe('');
  expect((await app.inject('/tree?')).statusCode).toBe(302);
  const login = await app.inject({
    method: 'POST',
    url: '/login?',
    headers: { cookie: `_xsrf=${xsrf}`, 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' },
    body: `_xsrf=${xsrf}&password=secret`,
  });
  expect(login.statusCode).toBe(302);
  expect(login.cookies[0]?.name).toBe('username-localhost-80');
  const cookie = `_xsrf=${xsrf}; ${login.cookies[0]?.name}=${login.cookies[0]?.value}`;
  const me = await app.inject({ url: '/api/me', headers: { cookie, 'x-xsrftoken': xsrf } });
  expect(me.statusCode).toBe(200);
});

test('[A23] a login that another page sends is refused', async () => {
  const { app } = await setUp();
  const browser = new Browser(app);
  const forged = await browser.login({ password: testToken, _xsrf: 'guess' });
  expect(forged.statusCode).toBe(403);
  const blind = await app.inject({ method: 'POST', url: '/login', body: `password=${testToken}` });
  expect([blind.statusCode, blind.json().message]).toEqual([403, "'_xsrf' argument missing from POST"]);
});

test('[A24] guessing takes ever longer, and only for who guesses', async () => {
  const { app } = await setUp({ http: { trustXheaders: true } });
  const browser = new Browser(app);
  const from = (address: string, password: string) =>
    browser.login({ password }, '/login', { 'x-forwarded-for': address });
  const guess = async () => (await from('203.0.113.7', 'guess')).statusCode;
  expect([await guess(), await guess(), await guess()]).toEqual([401, 401, 401]);
  const late = await from('203.0.113.7', testToken);
  expect([late.statusCode, late.headers['retry-after']]).toEqual([429, '1']);
  expect(late.body).toContain('Try again in 1 s');
  now += 1000;
  expect([await guess(), await guess()]).toEqual([401, 429]);
  now += 1000;
  expect(await guess()).toBe(429);
  expect((await from('203.0.113.8', testToken)).statusCode).toBe(302);
  now += 1000;
  expect((await from('203.0.113.7', testToken)).statusCode).toBe(302);
  expect(await guess()).toBe(401);
});

test('[A25] many guesses at once are let through no further than one after the other', async () => {
  const { app } = await setUp({ token: '', hashedPassword: quickHash('secret') });
  const browser = new Browser(app);
  await browser.get('/login');
  const codes = await Promise.all(
    Array.from({ length: 20 }, async (_, i) => (await browser.login({ password: `${i}` })).statusCode),
  );
  expect(codes.filter((code) => code === 401)).toHaveLength(3);
  expect(codes.filter((code) => code === 429)).toHaveLength(17);
});

test('[A26] a password chosen with the token is kept, and a cookie stolen before is worth nothing after', async () => {
  await writeFile(
    join(folder, 'jupyter_server_config.json'),
    '{"ServerApp": {"port": 1}, "IdentityProvider": {"x": 1}}',
    { mode: 0o644 },
  );
  const { app } = await setUp();
  const thief = new Browser(app);
  await thief.login({ password: testToken });
  expect((await thief.get('/api/me')).statusCode).toBe(200);
  const owner = new Browser(app);
  expect((await owner.login({ password: testToken, new_password: 'correct horse' })).statusCode).toBe(302);
  expect((await owner.get('/api/me')).statusCode).toBe(200);
  expect((await thief.get('/api/me')).statusCode).toBe(403);

  const path = join(folder, 'jupyter_server_config.json');
  const config = JSON.parse(await readFile(path, 'utf8'));
  expect(config).toEqual({
    ServerApp: { port: 1 },
    IdentityProvider: { x: 1, hashed_password: expect.stringMatching(/^argon2:/) },
  });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await new Browser(app).login({ password: 'correct horse' })).statusCode).toBe(302);
});

test('[A27] a password cannot be chosen with the password, nor without a right token', async () => {
  const { app, authenticator } = await setUp({ hashedPassword: quickHash('old') });
  const before = authenticator.hashedPassword;
  expect((await new Browser(app).login({ password: 'old', new_password: 'new' })).statusCode).toBe(401);
  expect((await new Browser(app).login({ password: '', new_password: 'new' })).statusCode).toBe(401);
  expect(authenticator.hashedPassword).toBe(before);
});

test('[A28] `next` leads nowhere but into this server', async () => {
  const { app } = await setUp({ http: { baseUrl: '/base/' } });
  const xsrf = (await app.inject('/base/login')).cookies[0]?.value ?? '';
  const go = async (next: string) =>
    (
      await app.inject({
        method: 'POST',
        url: `/base/login?next=${encodeURIComponent(next)}`,
        headers: { cookie: `_xsrf=${xsrf}` },
        body: `_xsrf=${xsrf}&password=${testToken}`,
      })
    ).headers.location;
  expect(await go('/base/lab/tree/a%20b?x=1')).toBe('/base/lab/tree/a%20b?x=1');
  expect(await go('/base')).toBe('/base');
  for (const next of [
    'https://evil.example/base/', '//evil.example/base/', '/\\evil.example', '\\\\evil.example', 'javascript:alert(1)', '/\t/evil.example',
    ' //evil.example', '/base/../../evil', '/.//evil.example/base/', 'evil', '/other', 'http:/evil.example', 'http:evil.example/base/', '',
  ]) {
    expect([next, await go(next)]).toEqual([next, '/base/lab']);
  }
}); // prettier-ignore

test('[A29] logging out takes the cookie away', async () => {
  const { app } = await setUp();
  const browser = new Browser(app);
  await browser.login({ password: testToken });
  expect((await browser.get('/logout')).statusCode).toBe(200);
  expect((await browser.get('/api/me')).statusCode).toBe(403);
});

test('[A30] the login page lets no script run, in no frame, and escapes what it repeats', async () => {
  const { app } = await setUp();
  const response = await app.inject(`/login?next=${encodeURIComponent('/lab/"><script>alert(1)</script>')}`);
  expect(response.body).not.toContain('<script');
  expect(response.headers['content-security-policy']).toContain("default-src 'none'");
  expect(response.headers['cache-control']).toBe('no-store');
  expect(response.body).toContain('perijove list');
});

test('[A40] one is somebody with a moon for a name until one says otherwise, and the cookie remembers', async () => {
  const { app } = await setUp();
  const browser = new Browser(app);
  await browser.get(`/api/me?token=${testToken}`);
  const { identity, permissions } = (
    await browser.get('/api/me?permissions={"contents":["read","write"]}')
  ).json();
  expect(identity).toMatchObject({
    username: expect.stringMatching(/^[0-9a-f]{32}$/),
    name: expect.stringMatching(/^Anonymous [A-Z]/),
  });
  expect(permissions).toEqual({
    contents: ['read', 'write'],
    updatable_fields: ['name', 'display_name', 'initials', 'avatar_url', 'color'],
  });
  const patch = (payload: object) =>
    app.inject({
      method: 'PATCH',
      url: `/api/me?token=${testToken}`,
      headers: { host: 'localhost', cookie: [...browser.cookies].map((c) => c.join('=')).join('; ') },
      payload,
    });
  const changed = await patch({ display_name: 'Ada ✨', color: '#123456' });
  expect(changed.json()).toEqual({
    status: 'success',
    identity: { ...identity, display_name: 'Ada ✨', color: '#123456' },
  });
  browser.cookies.set(changed.cookies[0]!.name, changed.cookies[0]!.value);
  expect((await browser.get('/api/me')).json().identity.display_name).toBe('Ada ✨');
  for (const bad of [{}, { username: 'root' }, { name: 1 }, { name: 'x'.repeat(3000) }, []]) {
    expect((await patch(bad)).statusCode).toBe(400);
  }
});

test('[A41] malformed permissions are 400', async () => {
  const { app } = await setUp();
  for (const permissions of ['{', '[]', '{"a":1}', '{"a":[1]}', 'null']) {
    const response = await app.inject(
      `/api/me?token=${testToken}&permissions=${encodeURIComponent(permissions)}`,
    );
    expect([permissions, response.statusCode]).toEqual([permissions, 400]);
  }
});
