// The queue as clients see it, and its server killed while kernels wait. Everything here is a process.
import { join } from 'node:path';
import type { KernelModel, SessionModel } from '@perijove/protocol';
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
const running: PerijoveProcess[] = [];

beforeEach(async () => {
  folders = await makeFolders();
  const spec = fakeKernelspec();
  const kernels = join(folders.base, 'jupyter', 'kernels');
  await installKernelspec(kernels, 'fake', spec);
  await installKernelspec(kernels, 'huge', {
    ...spec,
    metadata: { perijove: { resources: { memory: '900Ti' } } },
  });
});
afterEach(async () => {
  for (const server of running.splice(0)) await server[Symbol.asyncDispose]();
  await removeFolders(folders);
});

async function start(...args: string[]): Promise<PerijoveProcess> {
  const server = await startPerijove({
    folders,
    args,
    env: { JUPYTER_PATH: join(folders.base, 'jupyter') },
  });
  running.push(server);
  return server;
}

async function post<T>(server: PerijoveProcess, path: string, body: object): Promise<T> {
  const answer = await server.fetch(path, { method: 'POST', body: JSON.stringify(body) });
  expect(answer.status).toBe(201);
  return (await answer.json()) as T;
}

async function modelOf(server: PerijoveProcess, id: string): Promise<KernelModel> {
  return (await (await server.fetch(`api/kernels/${id}`)).json()) as KernelModel;
}

const end = async (server: PerijoveProcess, id: string): Promise<number> =>
  (await server.fetch(`api/kernels/${id}`, { method: 'DELETE' })).status;

async function connect(server: PerijoveProcess, id: string): Promise<TestWebSocket> {
  const address = `${server.url.replace(/^http/, 'ws')}api/kernels/${id}/channels?token=${server.token}`;
  return new TestWebSocket(address, { framing: 'numbered' }).opened();
}

test('[Q30] a notebook waits for room as for any start: answered at once, its cells wait, and run when there is room', async () => {
  const server = await start('--max-kernels', '1');
  const first = await post<KernelModel>(server, 'api/kernels', { name: 'fake' });
  const { kernel } = await post<SessionModel>(server, 'api/sessions', {
    path: 'a.ipynb',
    type: 'notebook',
    kernel: { name: 'fake' },
  });
  expect(kernel).toMatchObject({
    execution_state: 'starting',
    perijove: {
      phase: 'queued',
      message:
        'The only one in the queue: the one kernel that may run at a time is there. Shutting down your other kernel would make room.',
      queue: { position: 1, queued: 1, reason: 'kernels', would_free: [first.id] },
    },
  });
  const client = await connect(server, kernel.id);
  const asked = client.execute('stream hello');
  const metrics = await (await server.fetch('metrics')).text();
  expect(metrics).toContain('perijove_kernels_queued 1');
  expect(metrics).toContain('perijove_kernel_starts_total{result="admitted"} 1');
  expect(await end(server, first.id)).toBe(204);
  await client.finished(asked);
  expect(client.printed(asked)).toBe('hello\n');
  expect(await modelOf(server, kernel.id)).not.toHaveProperty('perijove');
});

test('[Q31] a server that is killed while kernels wait is followed by one that starts them in their order', async () => {
  const first = await start('--max-kernels', '1');
  const ids: string[] = [];
  for (let n = 0; n < 4; n++) ids.push((await post<KernelModel>(first, 'api/kernels', { name: 'fake' })).id);
  await first.end('SIGKILL');
  const second = await start('--max-kernels', '1');
  const positions = async (): Promise<(number | undefined)[]> =>
    Promise.all(ids.slice(1).map(async (id) => (await modelOf(second, id)).perijove?.queue.position));
  await expect.poll(positions, { timeout: 20_000 }).toEqual([1, 2, 3]);
  expect(await end(second, ids[2]!)).toBe(204);
  for (const id of [ids[0]!, ids[1]!, ids[3]!]) {
    await expect
      .poll(async () => (await modelOf(second, id)).execution_state, { timeout: 20_000 })
      .toBe('idle');
    expect(await end(second, id)).toBe(204);
  }
});

test('[Q32] what can never fit is refused with the numbers; what finds the queue full, with when to come again', async () => {
  const server = await start('--max-kernels', '1', '--max-queued', '0');
  const ask = (name: string): Promise<Response> =>
    server.fetch('api/kernels', { method: 'POST', body: JSON.stringify({ name }) });
  const never = await ask('huge');
  expect(never.status).toBe(422);
  expect(((await never.json()) as { message: string }).message).toMatch(
    /^The kernel can never start here: it asks for 921600.0 GiB of memory, and all kernels together may have [\d.]+ GiB\.$/,
  );
  expect((await ask('fake')).status).toBe(201);
  const full = await ask('fake');
  expect([full.status, full.headers.get('retry-after')]).toEqual([503, '30']);
});

test('[Q33] with --kill-kernels-on-exit SIGTERM ends the kernels too, also those that wait', async () => {
  const server = await start('--max-kernels', '1', '--kill-kernels-on-exit');
  const { id } = await post<KernelModel>(server, 'api/kernels', { name: 'fake' });
  await post<KernelModel>(server, 'api/kernels', { name: 'fake' });
  await expect
    .poll(async () => (await modelOf(server, id)).execution_state, { timeout: 20_000 })
    .toBe('idle');
  await server.end('SIGTERM');
  expect(server.child.exitCode).toBe(0);
  const next = await start();
  expect(await (await next.fetch('api/kernels')).json()).toEqual([]);
});
