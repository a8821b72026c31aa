// Memory that runs out, with everything real: the command, its REST, and ipykernels that take too much.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConnectionInfo, KernelModel } from '@perijove/protocol';
import { DirectClient, startPerijove, testPython, type PerijoveProcess } from '@perijove/testkit';
import { expect, test } from 'vitest';

const takeTooMuch = `
taken = []
while True: taken.append(bytearray(b"x" * (16 << 20)))`;
const takeInWorkers = `
import multiprocessing
def take(_):
    taken = []
    while True: taken.append(bytearray(b"x" * (16 << 20)))
if hasattr(multiprocessing, "set_start_method"): multiprocessing.set_start_method("fork", force=True)
multiprocessing.Pool(2).map(take, range(2))`;

async function startKernel(server: PerijoveProcess): Promise<{ id: string; client: DirectClient }> {
  const response = await server.fetch('api/kernels', { method: 'POST', body: '{"name": "python3"}' });
  const { id } = (await response.json()) as KernelModel;
  await expect
    .poll(async () => (await modelOf(server, id)).execution_state, { timeout: 30_000 })
    .toBe('idle');
  return { id, client: await connect(server, id) };
}

async function connect({ folders }: PerijoveProcess, id: string): Promise<DirectClient> {
  const file = join(folders.home, '.local/share/jupyter/runtime', `kernel-${id}.json`);
  const client = new DirectClient(JSON.parse(await readFile(file, 'utf8')) as ConnectionInfo);
  await client.ready();
  return client;
}

const modelOf = async (server: PerijoveProcess, id: string): Promise<KernelModel> =>
  (await (await server.fetch(`api/kernels/${id}`)).json()) as KernelModel;

test.each([
  ['auto', 'a cell', takeTooMuch],
  ['auto', "a cell's workers", takeInWorkers],
  ['guard', 'a cell', takeTooMuch],
  ['guard', "a cell's workers", takeInWorkers],
])(
  '[B50] --limits %s: when %s takes too much, that kernel alone ends, says why, and is started again when asked',
  async (limits, _what, code) => {
    await using server = await startPerijove({
      python: testPython(),
      args: ['--kernel-memory', '256Mi', '--limits', limits],
    });
    const status = (await (await server.fetch('api/status')).json()) as { limits: string };
    expect(status.limits).toMatch(/^Kernels are /);
    await expect.poll(() => server.output()).toContain(status.limits);

    const good = await startKernel(server);
    const bad = await startKernel(server);
    expect((await good.client.execute('kept = 6 * 7')).reply.content['status']).toBe('ok');
    // It cannot reply.
    bad.client.execute(code).catch(() => {});
    await expect
      .poll(() => modelOf(server, bad.id), { timeout: 30_000, interval: 50 })
      .toMatchObject({
        execution_state: 'dead',
        reason: expect.stringMatching(/out of memory: used \d+\.\d of 256\.0 MiB/),
      });
    expect((await good.client.execute('print(kept)')).text).toBe('42\n');
    await bad.client.close();

    expect((await server.fetch(`api/kernels/${bad.id}/restart`, { method: 'POST' })).status).toBe(200);
    const again = await connect(server, bad.id);
    expect((await again.execute('print("again")')).text).toBe('again\n');
    await again.close();
    await good.client.close();
    for (const { id } of [good, bad]) await server.fetch(`api/kernels/${id}`, { method: 'DELETE' });
  },
);

test('[B51] a kernel that runs out of memory while no server runs is dead for that reason on the next', async () => {
  await using first = await startPerijove({ python: testPython(), args: ['--kernel-memory', '256Mi'] });
  const { id, client } = await startKernel(first);
  const { limits } = (await (await first.fetch('api/status')).json()) as { limits: string };
  // A guard sees nothing then.
  const isCgroup = limits.includes('cgroup v2') || limits.includes('cgroup v1,');
  await first.end('SIGKILL');
  if (isCgroup) {
    client.execute(takeTooMuch).catch(() => {});
    const exitFile = join(first.folders.home, '.local/state/perijove', `kernel-${id}.exit`);
    await expect.poll(() => readFile(exitFile, 'utf8'), { timeout: 30_000 }).toContain('status 137');
  }
  await using server = await startPerijove({
    python: testPython(),
    args: ['--kernel-memory', '256Mi'],
    folders: first.folders,
  });
  if (isCgroup) {
    await expect
      .poll(() => modelOf(server, id), { timeout: 30_000 })
      .toMatchObject({
        execution_state: 'dead',
        reason: expect.stringContaining('out of memory: used 256.0 of 256.0 MiB'),
      });
  }
  await client.close();
  await server.fetch(`api/kernels/${id}`, { method: 'DELETE' });
});
