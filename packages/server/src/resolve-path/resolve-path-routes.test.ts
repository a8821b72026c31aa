import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestApp, withToken } from '../http/test-app.ts';
import { resolvePathRoutes } from './resolve-path-routes.ts';

let folder: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'perijove-resolve-')));
  await mkdir(join(folder, 'root', 'sub'), { recursive: true });
  await writeFile(join(folder, 'root', 'sub', 'a.py'), '');
  await writeFile(join(folder, 'secret.txt'), '');
  await symlink(join(folder, 'root'), join(folder, 'link'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function ask(path: string, { kernel, root = 'root' }: { kernel?: string; root?: string } = {}) {
  const app = await createTestApp([
    resolvePathRoutes({
      rootDir: join(folder, root),
      home: folder,
      findKernel: (id) =>
        ({
          local: { cwd: join(folder, 'root', 'sub'), username: 'ada' },
          remote: { cwd: undefined, username: 'ada' },
        })[id],
    }),
  ]);
  const query = new URLSearchParams({ path, ...(kernel === undefined ? {} : { kernel }) });
  return app.inject({ url: `/api/resolvePath?${query.toString()}`, headers: withToken });
}

test('[P40] a path of this machine under the root becomes an API path', async () => {
  const found = { resolved: [{ scope: 'server', path: 'sub/a.py' }] };
  expect((await ask('sub/a.py')).json()).toEqual(found);
  expect((await ask(join(folder, 'root', 'sub', 'a.py'))).json()).toEqual(found);
  expect((await ask('/sub/a.py')).json()).toEqual(found);
  expect((await ask('~/root/sub/a.py')).json()).toEqual(found);
  expect((await ask('sub/../sub/./a.py')).json()).toEqual(found);
  // A kernel prints real paths, though the root was given by a link.
  expect((await ask(join(folder, 'root', 'sub', 'a.py'), { root: 'link' })).json()).toEqual(found);
});

test('[P41] what is missing or outside the root is not resolved', async () => {
  for (const path of [
    'sub/b.py',
    '../secret.txt',
    join(folder, 'secret.txt'),
    '~/secret.txt',
    '/etc/passwd',
    'a\0b',
    '~nobody/x',
    '',
  ]) {
    const resolved = path === '' ? [{ scope: 'server', path: '' }] : [];
    expect((await ask(path)).json()).toEqual({ resolved });
  }
});

test("[P42] a kernel's scope is its own folder, and an unknown kernel is no error", async () => {
  expect((await ask('a.py', { kernel: 'local' })).json()).toEqual({
    resolved: [{ scope: 'kernel', path: join(folder, 'root', 'sub', 'a.py') }],
  });
  expect((await ask('../../secret.txt', { kernel: 'local' })).json()).toEqual({
    resolved: [{ scope: 'kernel', path: join(folder, 'secret.txt') }],
  });
  expect((await ask('a.py', { kernel: 'remote' })).json()).toEqual({ resolved: [] });
  expect((await ask('a.py', { kernel: 'gone' })).json()).toEqual({
    resolved: [],
    unresolved: [{ scope: 'kernel', reason: 'Kernel gone could not be found' }],
  });
});

test('[P43] no path is a bad request', async () => {
  const app = await createTestApp([
    resolvePathRoutes({ rootDir: folder, home: folder, findKernel: () => undefined }),
  ]);
  expect((await app.inject({ url: '/api/resolvePath', headers: withToken })).statusCode).toBe(400);
});
