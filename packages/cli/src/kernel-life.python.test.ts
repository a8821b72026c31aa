// A kernel's life with all its real pieces: registry, channels, the local provisioner and ipykernel.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  channelOptions,
  FileKernelStore,
  kernelOptions,
  KernelRegistry,
  lifecyclePolicyOf,
  openChannels,
  type Kernel,
  type KernelBusEvent,
  type KernelChannels,
  type KernelOptionValues,
  type Kernelspec,
  type Log,
} from '@perijove/kernels';
import { localProvisioner } from '@perijove/provisioners';
import { withDefaults } from '@perijove/server';
import { testPython } from '@perijove/testkit';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

const log: Log = { debug() {}, info() {}, warn() {}, error() {} };
let folder: string;
let events: KernelBusEvent[];
let opened: KernelRegistry<KernelChannels>[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perijove-life-'));
  await mkdir(join(folder, 'runtime'), { mode: 0o700 });
  await mkdir(join(folder, 'state'), { mode: 0o700 });
  events = [];
  opened = [];
});
afterEach(async () => {
  for (const registry of opened) await registry.stopAll().catch(() => {});
  await rm(folder, { recursive: true });
});

const python = (argv: readonly string[], fields: object = {}): Kernelspec => ({
  name: 'python3',
  resourceDir: folder,
  spec: { argv: [...argv], display_name: 'Python 3', language: 'python', ...fields },
});
const ipykernel = (): Kernelspec =>
  python([testPython(), '-m', 'ipykernel_launcher', '-f', '{connection_file}']);

async function openRegistry(
  kernelspec: Kernelspec,
  options: Partial<KernelOptionValues> = {},
): Promise<KernelRegistry<KernelChannels>> {
  const { policy, limits } = lifecyclePolicyOf({ ...withDefaults(kernelOptions), ...options });
  const registry = new KernelRegistry<KernelChannels>({
    kernelspecs: { get: () => Promise.resolve(kernelspec), defaultName: () => Promise.resolve('python3') },
    provisioners: new Map([
      [
        'local',
        localProvisioner({
          runtimeDir: join(folder, 'runtime'),
          stateDir: join(folder, 'state'),
          env: process.env,
          home: homedir(),
          log,
        }),
      ],
    ]),
    defaultProvisioner: 'local',
    store: new FileKernelStore({ folder: join(folder, 'kernels'), log, soonMs: 100 }),
    policy,
    limits,
    log,
    now: Date.now,
    openChannels: (kernelId) =>
      openChannels({
        kernelId,
        settings: withDefaults(channelOptions),
        journalsFolder: join(folder, 'journals'),
        log,
        now: Date.now,
      }),
    onEvent: (event) => events.push(event),
  });
  opened.push(registry);
  await registry.adopt();
  return registry;
}

const request = { cwd: tmpdir(), env: { JPY_SESSION_NAME: '/notebooks/a.ipynb' }, username: 'ada' };
const soon = (): AbortSignal => AbortSignal.timeout(30_000);

/** Runs code; resolves with the value of an expression after it, as Python shows it, or with the name of the error. */
async function run(kernel: Kernel<KernelChannels>, code: string, expression = 'None'): Promise<string> {
  const content = {
    code,
    silent: false,
    store_history: false,
    user_expressions: { value: expression },
    allow_stdin: false,
    stop_on_error: true,
  };
  const reply = await kernel.channels.request('shell', 'execute_request', content, { signal: soon() });
  const {
    status,
    ename,
    user_expressions: values,
  } = reply.content as {
    status: string;
    ename?: string;
    user_expressions?: { value: { data: { 'text/plain': string } } };
  };
  return status === 'ok' ? values!.value.data['text/plain'] : ename!;
}

const crash = (kernel: Kernel<KernelChannels>, code: string): void => {
  // It cannot reply.
  run(kernel, code).catch(() => {});
};
const deaths = (): unknown[] =>
  events.filter(({ schemaId }) => schemaId.endsWith('kernel_death/v1')).map(({ data }) => data);

test('[K90] a kernel starts, computes, is interrupted, restarted under its id, and ends', async () => {
  const registry = await openRegistry(ipykernel());
  const kernel = await registry.start(request);
  expect(kernel.executionState).toBe('starting');
  await kernel.ready(soon());
  expect(await run(kernel, 'import os; x = 6', 'x * 7')).toBe('42');
  expect(await run(kernel, '', "os.environ['JPY_SESSION_NAME']")).toBe("'/notebooks/a.ipynb'");

  // Busy may still be what the cell before was: that this one runs, it says itself.
  const started = join(folder, 'sleeping');
  const sleeping = run(kernel, `import time; open(${JSON.stringify(started)}, 'w').close(); time.sleep(60)`);
  await vi.waitFor(() => readFile(started), { timeout: 10_000 });
  await registry.interrupt(kernel.id);
  expect(await sleeping).toBe('KeyboardInterrupt');

  const pid = Number(await run(kernel, '', 'os.getpid()'));
  await registry.restart(kernel.id);
  expect(registry.list()).toEqual([kernel]);
  expect(await run(kernel, '', "'x' in dir()")).toBe('False');
  const next = Number(await run(kernel, 'import os', 'os.getpid()'));
  expect(next).not.toBe(pid);
  expect(() => process.kill(pid, 0)).toThrow();

  await registry.stop(kernel.id);
  expect(() => process.kill(next, 0)).toThrow();
  expect(registry.list()).toEqual([]);
});

test('[K91] a busy kernel that is ended runs its atexit handlers', async () => {
  const registry = await openRegistry(ipykernel());
  const kernel = await registry.start(request);
  await kernel.ready(soon());
  const file = join(folder, 'farewell');
  await run(
    kernel,
    `import atexit, time; atexit.register(lambda: open(${JSON.stringify(file)}, 'w').write('bye'))`,
  );
  const started = join(folder, 'busy');
  const forever = `open(${JSON.stringify(started)}, 'w').close()\nwhile True: time.sleep(0.1)`;
  run(kernel, forever).catch(() => {});
  await vi.waitFor(() => readFile(started), { timeout: 10_000 });
  await registry.stop(kernel.id);
  expect(await readFile(file, 'utf8')).toBe('bye');
});

test('[K92] a kernel that is killed is restarted, and the event says by what signal', async () => {
  const registry = await openRegistry(ipykernel());
  const kernel = await registry.start(request);
  await kernel.ready(soon());
  await run(kernel, 'y = 1');
  crash(kernel, 'import os, signal; os.kill(os.getpid(), signal.SIGKILL)');
  await vi.waitFor(() => expect(deaths()).toHaveLength(1), { timeout: 10_000 });
  await kernel.ready(soon());
  expect(await run(kernel, '', "'y' in dir()")).toBe('False');
  expect(deaths()).toEqual([
    expect.objectContaining({
      kernel_id: kernel.id,
      reason: 'exited',
      signal: 'SIGKILL',
      message: expect.stringContaining('SIGKILL'),
      restarting: true,
    }),
  ]);
});

test('[K92] one that keeps dying is dead after the limit, with its exit code and last lines', async () => {
  const registry = await openRegistry(ipykernel(), { restartLimit: 1 });
  const kernel = await registry.start(request);
  await kernel.ready(soon());
  crash(kernel, 'import ctypes; ctypes.string_at(0)');
  await vi.waitFor(() => expect(deaths()).toHaveLength(1), { timeout: 10_000 });
  await kernel.ready(soon());
  // What a cell writes to fd 2 goes to the notebook; ipykernel's own log does not.
  crash(kernel, "import os; get_ipython().kernel.log.error('cannot go on'); os._exit(7)");
  await kernel.died();
  expect(deaths()).toEqual([
    expect.objectContaining({ signal: 'SIGSEGV', restarting: true }),
    expect.objectContaining({ code: 7, restarting: false }),
  ]);
  expect(kernel.model).toMatchObject({
    execution_state: 'dead',
    reason: 'The kernel died 2 times in a row: exited with code 7.',
    traceback: expect.stringContaining('cannot go on'),
  });
  await registry.restart(kernel.id);
  expect(await run(kernel, '', '1 + 1')).toBe('2');
});

test('[K93] a kernelspec with a missing executable is dead at once, and says so', async () => {
  const registry = await openRegistry(
    python(['/no/such/python', '-m', 'ipykernel_launcher', '-f', '{connection_file}']),
  );
  const kernel = await registry.start(request);
  await expect(kernel.ready(soon())).rejects.toMatchObject({
    code: 'KERNEL_LAUNCH_FAILED',
    message: expect.stringContaining('/no/such/python'),
  });
  expect(kernel.model.reason).toContain('/no/such/python');
});

test('[K93] a Python without ipykernel is dead after one attempt, with what it said', async () => {
  const registry = await openRegistry(
    python([testPython(), '-m', 'no_such_kernel', '-f', '{connection_file}']),
  );
  const kernel = await registry.start(request);
  await kernel.died();
  expect(kernel.model).toMatchObject({
    reason: 'The kernel died before it was ready: exited with code 1.',
    traceback: expect.stringContaining('No module named no_such_kernel'),
  });
  expect(events.filter(({ data }) => data['phase'] === 'starting')).toHaveLength(1);
});

test('[K94] a server that vanished is followed by one that finds the kernel with its variables, idle as long as it was', async () => {
  // The first must not do anything about the kernel's end, as a killed process does not.
  const first = await openRegistry(ipykernel(), { autoRestart: false });
  const kernel = await first.start(request);
  await kernel.ready(soon());
  expect(await run(kernel, 'z = 5', 'z')).toBe('5');
  const second = await openRegistry(ipykernel());
  const found = second.require(kernel.id);
  expect(found.state.status).toBe('running');
  expect(await run(found, '', 'z + 1')).toBe('6');
  await second.stop(kernel.id);
});

test('[K94] a kernel that was busy is found busy, and answers later', async () => {
  const first = await openRegistry(ipykernel());
  const kernel = await first.start(request);
  await kernel.ready(soon());
  const go = join(folder, 'go');
  const waits = `import os, time\nwhile not os.path.exists(${JSON.stringify(go)}): time.sleep(0.05)`;
  run(kernel, waits).catch(() => {});
  await vi.waitFor(() => expect(kernel.executionState).toBe('busy'), { timeout: 10_000 });
  await first.drain();
  const second = await openRegistry(ipykernel());
  const found = second.require(kernel.id);
  expect(found.executionState).toBe('busy');
  await writeFile(go, '');
  expect(await run(found, '', '1')).toBe('1');
  await vi.waitFor(() => expect(found.executionState).toBe('idle'), { timeout: 10_000 });
});

test('[K94] a kernel that became idle while no server was there is found idle', async () => {
  const first = await openRegistry(ipykernel());
  const kernel = await first.start(request);
  await kernel.ready(soon());
  const file = join(folder, 'done');
  run(kernel, `import time; time.sleep(1); open(${JSON.stringify(file)}, 'w').write('x')`).catch(() => {});
  await vi.waitFor(() => expect(kernel.executionState).toBe('busy'), { timeout: 10_000 });
  await first.drain();
  await vi.waitFor(() => readFile(file), { timeout: 10_000 });
  const second = await openRegistry(ipykernel());
  const found = second.require(kernel.id);
  await vi.waitFor(() => expect(found.executionState).toBe('idle'), { timeout: 10_000 });
});
