// The audit log of the real command: what is in it, and how its file is turned over.
import { readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { KernelModel } from '@perijove/protocol';
import {
  fakeKernelspec,
  installKernelspec,
  makeFolders,
  removeFolders,
  startPerijove,
  TestWebSocket,
  type PerijoveFolders,
  type PerijoveProcess,
} from '@perijove/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';

let folders: PerijoveFolders;
let file: string;
beforeEach(async () => {
  folders = await makeFolders();
  file = join(folders.base, 'audit.log');
  await installKernelspec(join(folders.base, 'jupyter/kernels'), 'fake', fakeKernelspec());
});
afterEach(() => removeFolders(folders));

const start = (...args: string[]): Promise<PerijoveProcess> =>
  startPerijove({
    folders,
    env: { JUPYTER_PATH: join(folders.base, 'jupyter') },
    args: ['--audit-log', file, ...args],
  });

interface Line {
  readonly event: string;
  readonly kernel?: string;
  readonly code?: string;
}

const linesOf = async (path = file): Promise<Line[]> =>
  (await readFile(path, 'utf8').catch(() => ''))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);

async function runIn(server: PerijoveProcess, code: string): Promise<string> {
  const started = await server.fetch('api/kernels', { method: 'POST', body: '{"name": "fake"}' });
  const { id } = (await started.json()) as KernelModel;
  const url = `${server.url.replace(/^http/, 'ws')}api/kernels/${id}/channels?token=${server.token}`;
  const socket = await new TestWebSocket(url, { framing: 'v1' }).opened();
  await socket.finished(socket.execute(code));
  await socket.close();
  return id;
}

test('[U7] what was run is in it only if that was asked for', async () => {
  const code = 'stream of a secret';
  {
    await using server = await start();
    const id = await runIn(server, code);
    await expect
      .poll(async () => (await linesOf()).map(({ event, kernel }) => [event, kernel]))
      .toEqual(expect.arrayContaining([['start', id], ['attach', id]])); // prettier-ignore
    expect(await readFile(file, 'utf8')).not.toContain('secret');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  }
  await using server = await start('--audit-code');
  const id = await runIn(server, code);
  await expect
    .poll(async () => (await linesOf()).filter(({ event }) => event === 'execute'))
    .toEqual([expect.objectContaining({ event: 'execute', outcome: 'done', kernel: id, code })]);
});

test('[U8] a file that was moved away is made anew at SIGHUP; no line is lost, and the server goes on', async () => {
  await using server = await start();
  const first = await runIn(server, 'stream 1');
  await expect.poll(async () => (await linesOf()).some(({ kernel }) => kernel === first)).toBe(true);
  await rename(file, `${file}.1`);
  server.child.kill('SIGHUP');
  const second = await runIn(server, 'stream 2');
  await expect
    .poll(async () => (await linesOf()).filter(({ kernel }) => kernel === second).map(({ event }) => event))
    .toEqual(expect.arrayContaining(['start', 'attach']));
  const before = await linesOf(`${file}.1`);
  expect(before.some(({ kernel }) => kernel === second)).toBe(false);
  expect((await server.fetch('api/status')).status).toBe(200);
});
