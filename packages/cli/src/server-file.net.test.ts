import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listServers, writeServerFile, type ServerFile } from './server-file.ts';

const server: ServerFile = {
  base_url: '/',
  hostname: '127.0.0.1',
  password: false,
  pid: process.pid,
  port: 8888,
  root_dir: '/srv',
  secure: false,
  sock: '',
  token: 'secret',
  url: 'http://127.0.0.1:8888/',
  version: '2.17.0',
};

test('[B10] a running server is listed until it removes its file, which only its owner may read', async () => {
  const runtime = await mkdtemp(join(tmpdir(), 'perijove-runtime-'));
  const remove = await writeServerFile(runtime, server);
  expect((await stat(join(runtime, `jpserver-${process.pid}.json`))).mode & 0o777).toBe(0o600);
  expect(await listServers(runtime)).toEqual([server]);
  await remove();
  expect(await listServers(runtime)).toEqual([]);
});

test('[B10] the file of a server that is gone is removed, one that is not readable is left alone', async () => {
  const runtime = await mkdtemp(join(tmpdir(), 'perijove-runtime-'));
  const gone = spawn(process.execPath, ['-e', '']);
  await once(gone, 'exit');
  await writeServerFile(runtime, { ...server, pid: gone.pid! });
  await writeFile(join(runtime, 'jpserver-1.json'), '{"half');
  expect(await listServers(runtime)).toEqual([]);
  expect(await readdir(runtime)).toEqual(['jpserver-1.json']);
});
