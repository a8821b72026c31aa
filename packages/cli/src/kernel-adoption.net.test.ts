// Kernels whose server was killed, and what the next server on the same folder makes of them. Everything here is a process.
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KernelModel } from '@perijove/protocol';
import {
  fakeKernelspec,
  installKernelspec,
  makeFolders,
  removeFolders,
  startPerijove,
  type PerijoveFolders,
  type PerijoveProcess,
} from '@perijove/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';

let folders: PerijoveFolders;
let gate: string;
const running: PerijoveProcess[] = [];

beforeEach(async () => {
  folders = await makeFolders();
  gate = join(folders.base, 'gate');
});

afterEach(async () => {
  for (const server of running.splice(0)) await server[Symbol.asyncDispose]();
  await removeFolders(folders);
});

async function start(): Promise<PerijoveProcess> {
  const server = await startPerijove({
    folders,
    env: { JUPYTER_PATH: join(folders.base, 'jupyter'), GATE: gate, PERIJOVE_INHERITED_ENVS: 'GATE' },
  });
  running.push(server);
  return server;
}

/** A kernelspec whose program is a shell script that has the fake kernel's command as its arguments. */
async function installScript(script: string): Promise<void> {
  const spec = fakeKernelspec();
  const argv = ['/bin/sh', '-c', script, 'sh', ...spec.argv];
  await installKernelspec(join(folders.base, 'jupyter', 'kernels'), 'fake', { ...spec, argv });
}

const kernelId = '01234567-89ab-4cde-8f01-23456789abcd';
const requestKernel = (server: PerijoveProcess): Promise<Response> =>
  server.fetch('api/kernels', {
    method: 'POST',
    body: JSON.stringify({ name: 'fake', kernel_id: kernelId }),
  });

async function modelOn(server: PerijoveProcess): Promise<KernelModel> {
  return (await (await server.fetch(`api/kernels/${kernelId}`)).json()) as KernelModel;
}

const stateDir = (): string => join(folders.home, '.local/state/perijove');

async function recordFile(): Promise<string> {
  const servers = join(stateDir(), 'servers');
  const [only = ''] = await readdir(servers);
  return join(servers, only, 'kernels', `${kernelId}.json`);
}

/** Processes that have been told to listen where this kernel's connection file says. */
async function kernelProcesses(): Promise<number[]> {
  const found: number[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    if (words[0] === process.execPath && words.some((word) => word.endsWith(`kernel-${kernelId}.json`)))
      found.push(Number(pid));
  }
  return found;
}

test.each([
  ['exits with 3', 'echo oh no >&2; exit 3', 'exited with code 3.'],
  [
    'is killed',
    'echo oh no >&2; kill -9 $$',
    'killed by signal SIGKILL, by somebody, or by the system for want of memory.',
  ],
])(
  '[B40][K37] a kernel that %s while no server runs is dead for that reason on the next',
  async (_what, end, reason) => {
    await installScript('"$@" & while [ ! -e "$GATE" ]; do sleep 0.05; done; . "$GATE"');
    const first = await start();
    await requestKernel(first);
    await expect.poll(async () => (await modelOn(first)).execution_state, { timeout: 20_000 }).toBe('idle');
    await first.end('SIGKILL');
    await writeFile(`${gate}.new`, end);
    await rename(`${gate}.new`, gate);
    const exitFile = join(stateDir(), `kernel-${kernelId}.exit`);
    await expect.poll(() => readFile(exitFile, 'utf8'), { timeout: 20_000 }).toContain('status');

    const second = await start();
    expect(await modelOn(second)).toMatchObject({
      execution_state: 'dead',
      reason: `The kernel ended while no server was watching it: ${reason}`,
      traceback: 'oh no',
    });
    expect(await kernelProcesses()).toEqual([]);
  },
);

test('[B41] a server killed between the start of a kernel and writing that down is followed by one that has this kernel, and no second one', async () => {
  // The kernel's first act is to kill the parent of the shell that watches it.
  const parent = `$(cut -d' ' -f4 /proc/$PPID/stat)`;
  await installScript(`[ -e "$GATE" ] || { : > "$GATE"; kill -9 ${parent}; }; exec "$@"`);
  const first = await start();
  await requestKernel(first);
  await expect.poll(() => first.child.signalCode, { timeout: 20_000 }).toBe('SIGKILL');
  await expect.poll(kernelProcesses, { timeout: 20_000 }).toHaveLength(1);
  const [pid] = await kernelProcesses();
  // Should the server have been quick enough to write the handle after all, it has not.
  const file = await recordFile();
  const { data, ...rest } = JSON.parse(await readFile(file, 'utf8')) as { data: Record<string, unknown> };
  const state = { status: 'launching', step: 'starting', attempt: 1, until: Date.now() };
  delete data['handle'];
  await writeFile(file, JSON.stringify({ ...rest, data: { ...data, state } }));

  const second = await start();
  await expect.poll(async () => (await modelOn(second)).execution_state, { timeout: 20_000 }).toBe('idle');
  expect(await kernelProcesses()).toEqual([pid]);
  expect((await second.fetch(`api/kernels/${kernelId}`, { method: 'DELETE' })).status).toBe(204);
  expect(await kernelProcesses()).toEqual([]);
});

test('[B45] a server that is asked to end while a kernel starts leaves that kernel to the next one', async () => {
  await installScript('while [ ! -e "$GATE" ]; do sleep 0.05; done; exec "$@"');
  const first = await start();
  await requestKernel(first);
  await first.end('SIGTERM');
  expect(first.child.exitCode).toBe(0);
  expect(first.output()).toContain('1 kernel goes on');
  const second = await start();
  await writeFile(gate, '');
  await expect.poll(async () => (await modelOn(second)).execution_state, { timeout: 20_000 }).toBe('idle');
  expect(await kernelProcesses()).toHaveLength(1);
});
