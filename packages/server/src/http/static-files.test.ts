import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { staticRoutes } from './static-routes.ts';
import { createTestApp, withToken } from './test-app.ts';

let folder: string;
let app: FastifyInstance;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perijove-static-'));
  const files = join(folder, 'app/static');
  await mkdir(join(files, 'favicons'), { recursive: true });
  await mkdir(join(folder, 'config/custom'), { recursive: true });
  const hashed = 'main.0a1b2c3d4e5f6071.js';
  for (const [path, content] of [
    [hashed, 'plain'], [`${hashed}.br`, 'brotli'], [`${hashed}.gz`, 'gzip'], ['only.gz.css', 'x'], ['page.css', 'css'],
    ['.hidden', 'x'], ['favicons/favicon.ico', 'icon'],
  ] as const) await writeFile(join(files, path), content); // prettier-ignore
  await writeFile(join(folder, 'secret'), 'secret');
  await writeFile(join(folder, 'config/custom/custom.css'), 'body{}');
  await symlink(join(folder, 'secret'), join(files, 'link'));
  app = await createTestApp([
    staticRoutes({ appDir: join(folder, 'app'), configDir: join(folder, 'config') }),
  ]);
});
afterAll(() => rm(folder, { recursive: true }));

const main = '/static/lab/main.0a1b2c3d4e5f6071.js';

test('[H70] a name with a hash is cached for ever, any other asked about each time', async () => {
  expect((await app.inject(main)).headers['cache-control']).toBe('public, max-age=31536000, immutable');
  expect((await app.inject('/static/lab/page.css')).headers['cache-control']).toBe('no-cache');
  expect((await app.inject('/static/lab/page.css?v=1')).headers['cache-control']).toContain('immutable');
});

test('[H71] the best encoding that the client takes is sent, with the type of the plain file', async () => {
  for (const [accepts, body, encoding] of [
    ['gzip, deflate, br, zstd', 'brotli', 'br'],
    ['gzip', 'gzip', 'gzip'],
    ['br;q=0, gzip;q=0.5', 'gzip', 'gzip'],
    ['identity', 'plain', undefined],
    ['', 'plain', undefined],
    ['brx, xgzip', 'plain', undefined],
  ] as const) {
    const { headers, body: got } = await app.inject({ url: main, headers: { 'accept-encoding': accepts } });
    expect([accepts, got, headers['content-encoding'], headers['content-type'], headers.vary]).toEqual([
      accepts, body, encoding, 'text/javascript; charset=utf-8', 'Accept-Encoding',
    ]); // prettier-ignore
  }
});

test('[H72] HEAD has the headers alone, If-None-Match gets 304', async () => {
  const head = await app.inject({ method: 'HEAD', url: main });
  expect([head.statusCode, head.body, head.headers['content-length']]).toEqual([200, '', '5']);
  const again = await app.inject({
    url: main,
    headers: { 'if-none-match': `W/${String(head.headers.etag)}` },
  });
  expect([again.statusCode, again.body]).toEqual([304, '']);
});

test('[H73] nothing outside of the folder, no listing, nothing hidden', async () => {
  for (const path of [
    '../../secret',
    '..%2f..%2fsecret',
    '%2e%2e/%2e%2e/secret',
    '.hidden',
    'favicons',
    'favicons/',
    'a%00',
    '',
    'nothing',
    'x'.repeat(300),
    '....//secret',
  ]) {
    const { statusCode, body } = await app.inject({ url: `/static/lab/${path}`, headers: withToken });
    expect([path, statusCode === 404 || statusCode === 302]).toEqual([path, true]);
    expect(body).not.toContain('secret');
  }
});

test('[H74] icons and robots.txt are for all, a user’s style sheet for users', async () => {
  for (const url of ['/favicon.ico', '/static/favicons/favicon.ico']) {
    const { body, headers } = await app.inject(url);
    expect([body, headers['content-type']]).toEqual(['icon', 'image/vnd.microsoft.icon']);
  }
  expect((await app.inject('/robots.txt')).body).toContain('Disallow: /');
  expect((await app.inject('/custom/custom.css')).statusCode).toBe(302);
  expect((await app.inject({ url: '/custom/custom.css', headers: withToken })).body).toBe('body{}');
});
