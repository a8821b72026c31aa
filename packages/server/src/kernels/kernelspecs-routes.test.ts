import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kernelspecs } from '@perijove/kernels';
import { fakeKernelspec, installKernelspec } from '@perijove/testkit';
import pino from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestApp, withToken } from '../http/test-app.ts';
import { kernelspecsRoutes } from './kernelspecs-routes.ts';

let folder: string;
let app: Awaited<ReturnType<typeof createTestApp>>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perijove-specs-'));
  const kernelspecs = new Kernelspecs({ paths: { kernelsPath: [folder] }, log: pino({ level: 'silent' }) });
  app = await createTestApp([kernelspecsRoutes({ kernelspecs })], { http: { baseUrl: '/user/a b/' } });
});

afterEach(async () => {
  await app.close();
  await rm(folder, { recursive: true });
});

const get = (path: string, headers: Record<string, string> = {}) =>
  app.inject({ url: `/user/a%20b/${path}`, headers: { ...withToken, ...headers } });

test('[D20] the list has what Jupyter has: defaults filled in, logos and kernel.js as resources', async () => {
  const { argv, display_name, language } = fakeKernelspec();
  const resourceDir = await installKernelspec(folder, 'Fake', {
    argv,
    display_name,
    language,
    mimetype: 'a/b',
  } as never);
  for (const name of ['logo-64x64.png', 'logo-svg.svg', 'kernel.js', 'notes.txt'])
    await writeFile(join(resourceDir, name), name);
  const answer = await get('api/kernelspecs');
  expect(answer.statusCode).toBe(200);
  expect(answer.headers['content-type']).toMatch(/^application\/json/);
  const base = app.site.baseUrl;
  expect(answer.json()).toEqual({
    default: 'fake',
    kernelspecs: {
      fake: {
        name: 'fake',
        spec: {
          argv,
          display_name,
          language,
          env: {},
          interrupt_mode: 'signal',
          metadata: {},
          kernel_protocol_version: '',
          mimetype: 'a/b',
        },
        resources: {
          'kernel.js': `${base}kernelspecs/fake/kernel.js`,
          'logo-64x64': `${base}kernelspecs/fake/logo-64x64.png`,
          'logo-svg': `${base}kernelspecs/fake/logo-svg.svg`,
        },
      },
    },
  });
  expect((await get('api/kernelspecs/FAKE')).json()).toEqual(answer.json().kernelspecs.fake);
});

test('[D21] a kernelspec installed later is there, one removed is not', async () => {
  expect((await get('api/kernelspecs')).json().kernelspecs).toEqual({});
  const resourceDir = await installKernelspec(folder, 'fake', fakeKernelspec());
  expect(Object.keys((await get('api/kernelspecs')).json().kernelspecs)).toEqual(['fake']);
  await rm(resourceDir, { recursive: true });
  expect((await get('api/kernelspecs')).json().kernelspecs).toEqual({});
});

test('[D22] an unknown one is 404, a broken one says where it is broken', async () => {
  const unknown = await get('api/kernelspecs/none');
  expect(unknown.statusCode).toBe(404);
  expect(unknown.json()).toMatchObject({ message: 'Kernel spec none not found' });
  await installKernelspec(folder, 'broken', fakeKernelspec());
  await writeFile(join(folder, 'broken', 'kernel.json'), '{"argv": ["a"],\n "display_name": oops}');
  const broken = await get('api/kernelspecs/broken');
  expect(broken.statusCode).toBe(404);
  expect(broken.json().message).toContain('line 2, column 18');
});

test('[D23] its files are sent with type and age; nothing outside its folder is', async () => {
  const resourceDir = await installKernelspec(folder, 'fake', fakeKernelspec());
  await writeFile(join(resourceDir, 'logo-64x64.png'), 'png');
  await writeFile(join(folder, 'secret.txt'), 'secret');
  const logo = await get('kernelspecs/fake/logo-64x64.png');
  expect(logo.headers).toMatchObject({
    'content-type': 'image/png',
    'cache-control': 'private, max-age=2592000',
  });
  expect(logo.body).toBe('png');
  const again = await get('kernelspecs/fake/logo-64x64.png', {
    'if-none-match': String(logo.headers['etag']),
  });
  expect(again.statusCode).toBe(304);
  for (const path of ['../secret.txt', '..%2fsecret.txt', '%2e%2e/secret.txt', 'none.png', '', '%00']) {
    const answer = await get(`kernelspecs/fake/${path}`);
    expect(answer.body).not.toBe('secret');
    expect(answer.statusCode, path).toBe(404);
  }
});

test('[D24] strangers get 403 for the list, and the login for a file', async () => {
  const url = '/user/a%20b/api/kernelspecs';
  expect((await app.inject({ url })).statusCode).toBe(403);
  expect((await app.inject({ url: '/user/a%20b/kernelspecs/fake/logo-64x64.png' })).statusCode).toBe(302);
});
