import { Writable } from 'node:stream';
import fc from 'fast-check';
import type { InjectOptions } from 'fastify';
import pino from 'pino';
import { Type } from 'typebox';
import { describe, expect, test } from 'vitest';
import { ServerError } from '../errors.ts';
import { apiRoutes } from '../status/api-routes.ts';
import type { RoutePlugin } from './route-plugin.ts';
import { scrubUrl } from './scrub-url.ts';
import { createTestApp, testToken, withToken } from './test-app.ts';

const access = { kind: 'api', resource: 'contents' } as const;

const samples: RoutePlugin = async (app) => {
  app.get('/page', { config: { access: { kind: 'page', resource: 'contents' } } }, async (_request, reply) =>
    reply.type('text/html').send('<p>'),
  );
  app.get('/sandbox', async (_request, reply) =>
    reply.header('content-security-policy', app.site.csp('sandbox allow-scripts')).send('x'),
  );
  app.get(
    '/api/items/:id',
    {
      config: { access },
      schema: { querystring: Type.Object({ n: Type.Optional(Type.Integer({ minimum: 0 })) }) },
    },
    async (request) => ({ n: request.query.n ?? null }),
  );
  app.put(
    '/api/items/:id',
    { config: { access }, schema: { body: Type.Object({ name: Type.String() }) } },
    async (request) => request.body,
  );
  app.post('/api/echo', { config: { access } }, async (request) => ({ body: request.body ?? null }));
  app.get('/api/refused', async () => {
    throw new ServerError('CONFLICT', 'Taken', { reason: 'taken' });
  });
  app.get('/api/broken', async () => {
    throw new Error('secret /root/path');
  });
  app.get('/api/list', { config: { access } }, async () =>
    Array.from({ length: 500 }, (_, i) => ({ name: `item ${i}` })),
  );
};

function logged() {
  const lines: string[] = [];
  const stream = new Writable({ write: (chunk, _encoding, done) => (lines.push(String(chunk)), done()) });
  return { lines, logger: pino({ level: 'trace' }, stream) };
}

test('[H1] /api answers anybody with a version of the 2.x line', async () => {
  const app = await createTestApp([apiRoutes()]);
  const response = await app.inject('/api');
  expect([response.statusCode, response.json()]).toEqual([
    200,
    { version: expect.stringMatching(/^2\.\d+\.\d+$/) },
  ]);
});

describe('errors', () => {
  test('[H2] what a client did wrong is never a 500: status, message and reason in JSON', async () => {
    const app = await createTestApp([samples]);
    const headers = withToken;
    const cases: [InjectOptions & { url: string }, number, string][] = [
      [{ url: '/api/nothing', headers }, 404, 'Not Found'],
      [{ url: '/api/items/%zz', headers }, 400, 'Bad percent-encoding in the URL'],
      [{ url: '/api/items/%ff', headers }, 400, 'Bad percent-encoding in the URL'],
      [{ url: `/api/items/${'x'.repeat(9000)}`, headers }, 414, 'URI Too Long'],
      [{ method: 'DELETE', url: '/api/items/1', headers }, 405, 'Method Not Allowed'],
      [{ method: 'POST', url: '/api/echo', headers, body: '{' }, 400, 'Invalid JSON in body of request'],
      [{ method: 'POST', url: '/api/echo', headers, body: '\u0000' }, 400, 'Invalid JSON in body of request'],
      [{ method: 'PUT', url: '/api/items/1', headers, body: '[]' }, 400, 'body must be object'],
      [{ method: 'PUT', url: '/api/items/1', headers, body: '{"name": 1}' }, 400, 'body.name must be string'],
      [{ method: 'PUT', url: '/api/items/1', headers }, 400, 'body must be object'],
      [{ url: '/api/items/1?n=x', headers }, 400, 'querystring.n must be integer'],
      [{ url: '/api/refused', headers }, 409, 'Taken'],
    ];
    for (const [request, status, message] of cases) {
      const response = await app.inject(request);
      expect([request.url.slice(0, 40), response.statusCode, response.json()]).toEqual([
        request.url.slice(0, 40),
        status,
        {
          message,
          reason: status === 409 ? 'taken' : null,
        },
      ]);
    }
    expect((await app.inject({ method: 'DELETE', url: '/api/items/1', headers })).headers.allow).toBe(
      'GET, HEAD, PUT',
    );
  });

  test('[H3] an unexpected error is logged once under an id, and the client hears the id alone', async () => {
    const { lines, logger } = logged();
    const app = await createTestApp([samples], { logger });
    const response = await app.inject({ url: '/api/broken', headers: withToken });
    expect(response.statusCode).toBe(500);
    const id = /^Unexpected error \(id ([0-9a-f]{8})\)/.exec(response.json().message)?.[1];
    expect(response.body).not.toContain('secret');
    expect(lines.filter((line) => line.includes('secret /root/path'))).toEqual([
      expect.stringContaining(`"errorId":"${id}"`),
    ]);
  });

  test('[H4] people get a page, programs JSON', async () => {
    const app = await createTestApp([samples]);
    const page = await app.inject({
      url: `/nothing?token=${testToken}`,
      headers: { accept: 'text/html,*/*' },
    });
    expect([page.statusCode, page.headers['content-type']]).toEqual([404, 'text/html; charset=utf-8']);
    const api = await app.inject({ url: '/api/nothing', headers: { ...withToken, accept: 'text/html' } });
    expect(api.headers['content-type']).toContain('application/json');
  });

  test('[H5] strangers are not told which paths there are', async () => {
    const app = await createTestApp([samples]);
    expect((await app.inject('/api/nothing')).statusCode).toBe(403);
    expect((await app.inject('/nothing')).headers.location).toBe('/login?next=%2Fnothing');
    expect((await app.inject({ method: 'DELETE', url: '/api/items/1' })).statusCode).toBe(403);
  });
});

describe('bodies', () => {
  test('[H6] a body is JSON whatever its type says, and none is none', async () => {
    const app = await createTestApp([samples]);
    for (const type of [
      'application/json',
      'application/x-www-form-urlencoded',
      'text/plain',
      'application/x-thing; charset=latin1',
      undefined,
    ]) {
      const headers = { ...withToken, ...(type === undefined ? {} : { 'content-type': type }) };
      const full = await app.inject({ method: 'POST', url: '/api/echo', headers, body: '{"a": 1}' });
      expect([type, full.json()]).toEqual([type, { body: { a: 1 } }]);
      const empty = await app.inject({ method: 'POST', url: '/api/echo', headers });
      expect([type, empty.json()]).toEqual([type, { body: null }]);
    }
  });

  test('[H7] a body above the limit is 413', async () => {
    const app = await createTestApp([samples], { http: { maxJsonBodySize: 2000 } });
    const send = (size: number) =>
      app.inject({
        method: 'POST',
        url: '/api/echo',
        headers: withToken,
        body: JSON.stringify('x'.repeat(size)),
      });
    expect((await send(1900)).statusCode).toBe(200);
    expect((await send(2000)).statusCode).toBe(413);
  });
});

describe('addresses', () => {
  test('[H10] everything is under the base URL, and both roots lead to the default', async () => {
    const app = await createTestApp([apiRoutes(), samples], { http: { baseUrl: 'user/ada%40x' } });
    expect((await app.inject('/user/ada%40x/api')).statusCode).toBe(200);
    for (const url of ['/', '/user/ada%40x', '/user/ada%40x/']) {
      expect([url, (await app.inject(`${url}?a=1&token=x`)).headers.location]).toEqual([
        url,
        '/user/ada%40x/lab?a=1&token=x',
      ]);
    }
    expect((await app.inject({ url: '/api', headers: withToken })).statusCode).toBe(404);
  });

  test('[H11] a slash too many at the end leads to the path without it, never to another host', async () => {
    const app = await createTestApp([samples]);
    expect((await app.inject('/page/?a=1')).headers.location).toBe('/page?a=1');
    for (const url of ['//evil.example/', '///evil.example//']) {
      expect([url, (await app.inject(url)).headers.location]).toEqual([url, '/evil.example']);
    }
  });

  test('[H12] unknown parameters do not matter: JupyterLab appends the time to each request', async () => {
    const app = await createTestApp([samples]);
    const response = await app.inject({ url: '/api/items/1?n=3&1699999999999', headers: withToken });
    expect(response.json()).toEqual({ n: 3 });
  });
});

describe('headers', () => {
  test('[H20] each answer says how it may be used', async () => {
    const app = await createTestApp([samples], { http: { baseUrl: '/b' } });
    const csp = "frame-ancestors 'self'; report-uri /b/api/security/csp-report";
    for (const [url, policy] of [
      ['/b/api/list', `${csp}; default-src 'none'`],
      ['/b/api/nothing', `${csp}; default-src 'none'`],
      ['/b/page', csp],
      ['/b/sandbox', `${csp}; sandbox allow-scripts`],
    ] as const) {
      const { headers } = await app.inject({ url, headers: withToken });
      expect([url, headers['content-security-policy']]).toEqual([url, policy]);
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['referrer-policy']).toBe('same-origin');
    }
  });

  test('[H21] a page gets its XSRF cookie once, readable by scripts', async () => {
    const app = await createTestApp([samples]);
    const first = await app.inject({ url: '/page', headers: withToken });
    const cookie = [first.headers['set-cookie']].flat().find((c) => c?.startsWith('_xsrf='));
    expect(cookie).toMatch(/^_xsrf=[0-9a-f]{48}; Path=\/; SameSite=Lax$/);
    const second = await app.inject({
      url: '/page',
      headers: { ...withToken, cookie: cookie!.split(';')[0]! },
    });
    expect([second.headers['set-cookie']].flat().some((c) => c?.startsWith('_xsrf='))).toBe(false);
  });

  test('[H22] a preflight is answered without a login', async () => {
    const app = await createTestApp([samples], { http: { allowOrigin: '*' } });
    const response = await app.inject({
      method: 'OPTIONS',
      url: '/api/items/1',
      headers: { origin: 'http://a.example' },
    });
    expect(response.statusCode).toBe(200);
    expect(response.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-headers': 'accept, content-type, authorization, x-xsrftoken',
      'access-control-allow-methods': 'GET, PUT, POST, PATCH, DELETE, OPTIONS',
    });
  });

  test('[H23] what a client has already is not sent again', async () => {
    const app = await createTestApp([samples]);
    const first = await app.inject({ url: '/api/list', headers: withToken });
    const etag = String(first.headers.etag);
    const second = await app.inject({
      url: '/api/list',
      headers: { ...withToken, 'if-none-match': `W/${etag}` },
    });
    expect([second.statusCode, second.body]).toEqual([304, '']);
    const fresh = await app.inject({
      url: '/api/list',
      headers: { ...withToken, 'cache-control': 'no-cache' },
    });
    expect(fresh.headers.etag).toBeUndefined();
  });

  test('[H24] large answers are compressed for clients on other machines', async () => {
    const app = await createTestApp([samples], { http: { ip: '' } });
    const get = (remoteAddress: string, encoding: string) =>
      app.inject({ url: '/api/list', headers: { ...withToken, 'accept-encoding': encoding }, remoteAddress });
    const remote = await get('192.0.2.1', 'gzip, br');
    expect(remote.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' });
    expect(remote.rawPayload.length).toBeLessThan(4000);
    expect((await get('127.0.0.1', 'gzip')).headers['content-encoding']).toBeUndefined();
    expect((await get('192.0.2.1', 'br')).headers['content-encoding']).toBeUndefined();
  });
});

describe('the log', () => {
  test('[H30] no secret of a URL, a header or a cookie is in any line', async () => {
    const { lines, logger } = logged();
    const app = await createTestApp([samples], { logger });
    for (const url of [
      '/api/list',
      '/page',
      '/api/broken',
      '/api/nothing',
      '/nothing',
      '/api/items/%zz',
      `/api/items/${'x'.repeat(9000)}`,
      '/page/',
    ]) {
      await app.inject({
        url: `${url}?token=${testToken}&_xsrf=${testToken}&key=${testToken}&code=${testToken}`,
      });
      await app.inject({ url, headers: { ...withToken, cookie: `_xsrf=${testToken}` } });
    }
    expect(lines.length).toBeGreaterThan(10);
    expect(lines.join('')).toContain('[secret]');
    expect(lines.join('')).not.toContain(testToken);
  });

  test('[H31] a scrubbed URL keeps the rest of it', () => {
    expect(scrubUrl('/a?x=1&token=s&y=2#z')).toBe('/a?x=1&token=[secret]&y=2#z');
    expect(scrubUrl('/a?TOKEN=s;state=t&auth=&monkey=1')).toBe(
      '/a?TOKEN=[secret];state=[secret]&auth=[secret]&monkey=1',
    );
    fc.assert(
      fc.property(
        fc.webUrl({ withQueryParameters: true }),
        fc.stringMatching(/^[a-zA-Z0-9]{20,30}$/),
        (url, secret) => {
          expect(scrubUrl(`${url}${url.includes('?') ? '&' : '?'}token=${secret}`)).not.toContain(secret);
        },
      ),
    );
  });
});
