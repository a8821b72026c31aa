import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FileKernelStore } from './file-kernel-store.ts';
import type { KernelBusEvent } from './kernel-events.ts';
import type { KernelRecord } from './kernel-record.ts';
import { KernelRegistry } from './kernel-registry.ts';
import { kernelDeadCloseCode } from './kernel.ts';
import type { Log } from './log.ts';
import type { Kernelspec } from './provisioner.ts';
import { ChildProvisioner } from './test-support/child-provisioner.ts';
import { testRegistryLimits } from './test-support/registry-limits.ts';
import { ScriptedChannels } from './test-support/scripted-channels.ts';

const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const patient = `process.stdout.write('up'); process.on('SIGINT', () => process.stdout.write('interrupted')); setInterval(() => {}, 1000)`;
const specs: Record<string, { script: string; fields?: object }> = {
  patient: { script: patient },
  asked: { script: patient, fields: { interrupt_mode: 'message' } },
  stubborn: {
    script: `process.stdout.write('up'); process.on('SIGTERM', () => {}); process.on('SIGINT', () => {}); setInterval(() => {}, 1000)`,
  },
  failing: { script: `console.error('Traceback: boom'); process.exit(3)` },
  portless: { script: `console.error('zmq.error.ZMQError: Address already in use'); process.exit(1)` },
};

let folder: string;
let provisioner: ChildProvisioner;
let events: KernelBusEvent[];
let channels: Map<string, ScriptedChannels>;
let answersAtOnce: boolean;
let deadRetentionMs: number;
let launchTimeoutMs: number;
let log: Log;
let registries: KernelRegistry<ScriptedChannels>[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perijove-kernels-'));
  provisioner = new ChildProvisioner();
  events = [];
  channels = new Map();
  answersAtOnce = true;
  deadRetentionMs = 60_000;
  launchTimeoutMs = 5000;
  log = silent;
  registries = [];
});
afterEach(async () => {
  // Those that were drained refuse: their kernels are the next one's.
  for (const registry of registries) await registry.stopAll().catch(() => {});
  await provisioner.destroyAll();
  await rm(folder, { recursive: true });
});

function kernelspec(name: string): Kernelspec | undefined {
  if (name === 'missing') {
    return {
      name,
      resourceDir: folder,
      spec: { argv: ['/no/such/kernel'], display_name: name, language: 'none' },
    };
  }
  const found = specs[name];
  if (!found) return undefined;
  const spec = {
    argv: [process.execPath, '-e', found.script],
    display_name: name,
    language: 'none',
    ...found.fields,
  };
  return { name, resourceDir: folder, spec };
}

function openRegistry(): KernelRegistry<ScriptedChannels> {
  const registry = new KernelRegistry({
    kernelspecs: {
      get: (name) => Promise.resolve(kernelspec(name)),
      defaultName: () => Promise.resolve('patient'),
    },
    provisioners: new Map([['child', provisioner]]),
    defaultProvisioner: 'child',
    store: new FileKernelStore({ folder: join(folder, 'kernels'), log: silent, soonMs: 5 }),
    policy: {
      autoRestart: true,
      restartLimit: 2,
      stableAfterMs: 60_000,
      launchAttempts: 3,
      get launchTimeoutMs() {
        return launchTimeoutMs;
      },
      replyTimeoutMs: 5000,
      shutdownGraceMs: 400,
    },
    limits: { ...testRegistryLimits, deadRetentionMs },
    log,
    now: () => Date.now(),
    openChannels(id) {
      const opened = new ScriptedChannels({ answersAtOnce, lastActivity: Date.now() });
      channels.set(id, opened);
      return opened;
    },
    onEvent: (event) => events.push(event),
  });
  registries.push(registry);
  return registry;
}

const soon = (): AbortSignal => AbortSignal.timeout(5000);
const request = { cwd: tmpdir(), env: {}, username: 'ada' };

test('[K20] a start returns at once with a kernel that is launching, and the kernel is ready later', async () => {
  const registry = openRegistry();
  await registry.adopt();
  let open = (): void => {};
  provisioner.gate = new Promise((resolve) => (open = resolve));
  const kernel = await registry.start(request);
  expect(kernel.state.status).toBe('launching');
  expect(registry.list().map((k) => k.model.execution_state)).toEqual(['starting']);
  open();
  await kernel.ready(soon());
  expect(kernel.model).toMatchObject({
    id: kernel.id,
    name: 'patient',
    execution_state: 'idle',
    connections: 0,
  });
});

test('[K21] interrupt, restart and stop reach the process; a restart keeps the id', async () => {
  const registry = openRegistry();
  await registry.adopt();
  const kernel = await registry.start({ ...request, name: 'patient' });
  await kernel.ready(soon());
  const pid = provisioner.pidOf(kernel.id);
  await registry.interrupt(kernel.id);
  await registry.restart(kernel.id);
  expect(registry.list().map((k) => k.id)).toEqual([kernel.id]);
  expect(provisioner.pidOf(kernel.id)).not.toBe(pid);
  expect(() => process.kill(pid, 0)).toThrow();
  const second = provisioner.pidOf(kernel.id);
  await registry.stop(kernel.id);
  expect(registry.list()).toEqual([]);
  expect(() => process.kill(second, 0)).toThrow();
  const actions = events.filter((e) => e.schemaId.endsWith('kernel_actions/v1')).map((e) => e.data['action']);
  expect(actions).toEqual(['start', 'interrupt', 'restart', 'shutdown']);
});

test('[K22] a restart that was asked for asks the kernel first, tells clients `starting`, and keeps them', async () => {
  const registry = openRegistry();
  await registry.adopt();
  const kernel = await registry.start(request);
  await kernel.ready(soon());
  const line = kernel.channels;
  line.log.length = 0;
  line.onRequest = () => {
    process.kill(provisioner.pidOf(kernel.id), 'SIGKILL');
    return Promise.resolve({});
  };
  await registry.restart(kernel.id);
  expect(line.log).toEqual([
    'control shutdown_request {"restart":true}',
    'announce starting',
    'disconnect',
    'connect',
  ]);
});

test('[K23] a kernel that heeds neither shutdown_request nor SIGTERM is killed', async () => {
  const registry = openRegistry();
  await registry.adopt();
  const kernel = await registry.start({ ...request, name: 'stubborn' });
  await kernel.ready(soon());
  kernel.channels.onRequest = () => new Promise(() => {});
  const pid = provisioner.pidOf(kernel.id);
  const stopping = registry.stop(kernel.id);
  expect(kernel.model.execution_state).toBe('terminating');
  await stopping;
  expect(() => process.kill(pid, 0)).toThrow();
  expect(kernel.channels.log.slice(-2)).toEqual([
    `closeClients ${kernelDeadCloseCode} kernel died`,
    'dispose',
  ]);
});

test('[K24] interrupt_mode message asks on the control channel', async () => {
  const registry = openRegistry();
  await registry.adopt();
  const kernel = await registry.start({ ...request, name: 'asked' });
  await kernel.ready(soon());
  await registry.interrupt(kernel.id);
  expect(kernel.channels.log.at(-1)).toBe('control interrupt_request {}');
});

test('[K24] a kernel that has not started yet, or is dead, is not interrupted: there is nothing to', async () => {
  const registry = openRegistry();
  await registry.adopt();
  let open = (): void => {};
  provisioner.gate = new Promise((resolve) => (open = resolve));
  answersAtOnce = false;
  const kernel = await registry.start(request);
  const refused = {
    code: 'KERNEL_NOT_STARTED',
    message: `Kernel ${kernel.id} has not started yet, so there is nothing to interrupt`,
  };
  await expect(registry.interrupt(kernel.id)).rejects.toMatchObject(refused);
  expect(events.at(-1)).toMatchObject({ data: { action: 'interrupt', status: 'error', status_code: 409 } });
  open();
  await until(() => kernel.channels.log.includes('connect'));
  await expect(registry.interrupt(kernel.id)).rejects.toMatchObject(refused);
  kernel.channels.answer();
  await kernel.ready(soon());
  await registry.interrupt(kernel.id);
  const missing = await registry.start({ ...request, name: 'missing' });
  await missing.died();
  await expect(registry.interrupt(missing.id)).rejects.toMatchObject({ code: 'KERNEL_DEAD' });
});

test('[K25] a kernel that dies by itself is restarted, and clients are told `restarting`', async () => {
  const registry = openRegistry();
  await registry.adopt();
  const kernel = await registry.start(request);
  await kernel.ready(soon());
  const pid = provisioner.pidOf(kernel.id);
  process.kill(pid, 'SIGKILL');
  await until(() => kernel.state.status === 'restarting');
  await kernel.ready(soon());
  expect(provisioner.pidOf(kernel.id)).not.toBe(pid);
  expect(kernel.channels.log).toEqual(['connect', 'announce restarting', 'disconnect', 'connect']);
  expect(deaths()).toEqual([
    expect.objectContaining({
      reason: 'exited',
      signal: 'SIGKILL',
      message: 'killed by signal SIGKILL',
      restarting: true,
    }),
  ]);
});

test('[K25] one that dies too often in a row is dead, is listed with the reason, and can be restarted', async () => {
  const registry = openRegistry();
  await registry.adopt();
  const kernel = await registry.start(request);
  for (let n = 0; n < 3; n++) {
    await kernel.ready(soon());
    process.kill(provisioner.pidOf(kernel.id), 'SIGSEGV');
    await until(() => kernel.state.status !== 'running');
  }
  await kernel.died();
  expect(registry.get(kernel.id)?.model).toMatchObject({
    execution_state: 'dead',
    reason: 'The kernel died 3 times in a row: killed by signal SIGSEGV.',
    traceback: '',
  });
  await until(() => kernel.channels.log.at(-1) === `closeClients ${kernelDeadCloseCode} kernel died`);
  await registry.restart(kernel.id);
  expect(kernel.model.execution_state).toBe('idle');
  expect(kernel.model).not.toHaveProperty('reason');
});

test('[K26] a missing executable is said at once, after one attempt', async () => {
  const registry = openRegistry();
  await registry.adopt();
  const kernel = await registry.start({ ...request, name: 'missing' });
  await expect(kernel.ready(soon())).rejects.toMatchObject({ code: 'KERNEL_LAUNCH_FAILED' });
  expect(provisioner.launched).toHaveLength(1);
  expect(kernel.model).toMatchObject({
    execution_state: 'dead',
    reason: '/no/such/kernel cannot be started: no such file.',
  });
});

test('[K26] a kernel that dies before its first reply is dead with its last lines, after one attempt', async () => {
  answersAtOnce = false;
  const registry = openRegistry();
  await registry.adopt();
  const kernel = await registry.start({ ...request, name: 'failing' });
  await kernel.died();
  expect(provisioner.launched).toHaveLength(1);
  expect(kernel.model).toMatchObject({
    reason: 'The kernel died before it was ready: exited with code 3.',
    traceback: 'Traceback: boom',
  });
});

test('[K26] one whose port was taken is tried again, three times in all', async () => {
  answersAtOnce = false;
  const registry = openRegistry();
  await registry.adopt();
  const kernel = await registry.start({ ...request, name: 'portless' });
  await kernel.died();
  expect(provisioner.launched).toHaveLength(3);
});

test('[K27] a stop while a kernel is being launched leaves nothing behind', async () => {
  const registry = openRegistry();
  await registry.adopt();
  provisioner.gate = new Promise(() => {});
  const kernel = await registry.start(request);
  await until(() => provisioner.launched.length === 1);
  await registry.stop(kernel.id);
  expect(registry.list()).toEqual([]);
  expect(await readdir(join(folder, 'kernels'))).toEqual([]);
});

test('[K28] unknown names and ids that are taken are refused', async () => {
  const registry = openRegistry();
  await registry.adopt();
  await expect(registry.start({ ...request, name: 'nothing' })).rejects.toMatchObject({
    code: 'KERNELSPEC_NOT_FOUND',
    message:
      "The 'nothing' kernel is not available. Please pick another suitable kernel instead, or install that kernel.",
  });
  const kernel = await registry.start(request);
  await expect(registry.start({ ...request, id: kernel.id })).rejects.toMatchObject({
    code: 'KERNEL_ID_TAKEN',
  });
  await expect(registry.stop('no-such')).rejects.toMatchObject({ code: 'KERNEL_NOT_FOUND' });
});

test('[K28] two starts under one id at once make one kernel', async () => {
  const registry = openRegistry();
  await registry.adopt();
  const id = '11111111-2222-3333-4444-555555555555';
  const outcomes = await Promise.allSettled([
    registry.start({ ...request, id }),
    registry.start({ ...request, id }),
  ]);
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  await registry.require(id).ready(soon());
  expect(provisioner.launched).toHaveLength(1);
});

test('[K29] the record is on disk before the launch, and the handle before the kernel is used', async () => {
  const registry = openRegistry();
  await registry.adopt();
  const seen: unknown[] = [];
  provisioner.onLaunch = async ({ kernelId }) => void seen.push(await recordOnDisk(kernelId));
  answersAtOnce = false;
  const kernel = await registry.start(request);
  await until(() => kernel.channels.log.includes('connect'));
  expect(seen).toEqual([
    expect.objectContaining({ state: expect.objectContaining({ status: 'launching' }) }),
  ]);
  expect(await recordOnDisk(kernel.id)).toMatchObject({
    handle: { provisioner: 'child', kernelId: kernel.id },
  });
});

test('[K30] a server that was killed is followed by one that finds its kernels, as idle or busy as they were', async () => {
  const first = openRegistry();
  await first.adopt();
  const kernel = await first.start(request);
  await kernel.ready(soon());
  const lastActivity = Date.now() - 3_600_000;
  kernel.channels.hear({ lastActivity, executionState: 'busy' });
  await until(async () => (await recordOnDisk(kernel.id)).executionState === 'busy');
  const pid = provisioner.pidOf(kernel.id);

  const second = openRegistry();
  await second.adopt();
  const found = second.require(kernel.id);
  expect(found.model).toMatchObject({
    id: kernel.id,
    name: 'patient',
    execution_state: 'busy',
    last_activity: new Date(lastActivity).toISOString().replace('Z', '000Z'),
  });
  expect(found.channels.log).toEqual(['connect']);
  found.channels.hear({ lastActivity: Date.now(), executionState: 'idle' });
  expect(found.executionState).toBe('idle');
  await second.stop(kernel.id);
  expect(() => process.kill(pid, 0)).toThrow();
});

test('[K31] kernels that went meanwhile are listed as dead; starts that were under way are done again', async () => {
  const first = openRegistry();
  await first.adopt();
  const gone = await first.start(request);
  await gone.ready(soon());
  provisioner.gate = new Promise(() => {});
  const coming = await first.start(request);
  await until(() => provisioner.launched.length === 2);
  // The launch does not come in time, so the next server finds a record without a handle.
  await first.drain();
  provisioner.gate = Promise.resolve();
  await provisioner.destroyAll();

  const second = openRegistry();
  await second.adopt();
  expect(second.require(gone.id).model).toMatchObject({
    execution_state: 'dead',
    reason: 'The kernel ended while no server was watching it: killed by signal SIGKILL.',
    traceback: '',
  });
  await second.require(coming.id).ready(soon());
  expect(second.list().map(({ id }) => id)).toEqual([gone.id, coming.id]);
});

test('[K47] a server without any records goes on with the kernels that their place remembers', async () => {
  const first = openRegistry();
  await first.adopt();
  const kernel = await first.start({ ...request, env: { JPY_SESSION_NAME: 'a.ipynb' } });
  await kernel.ready(soon());
  provisioner.gate = new Promise(() => {});
  const coming = await first.start(request);
  await until(() => provisioner.launched.length === 2);
  const pid = provisioner.pidOf(kernel.id);
  await first.drain();
  provisioner.gate = Promise.resolve();
  await rm(join(folder, 'kernels'), { recursive: true });

  provisioner.remembers = true;
  const second = openRegistry();
  await second.adopt();
  const found = second.require(kernel.id);
  expect(found.state).toMatchObject({ status: 'running' });
  expect(found.record).toMatchObject({
    name: 'patient',
    username: 'ada',
    cwd: request.cwd,
    env: { JPY_SESSION_NAME: 'a.ipynb' },
    resources: kernel.record.resources,
  });
  expect(provisioner.pidOf(found.id)).toBe(pid);
  expect(await recordOnDisk(kernel.id)).toMatchObject({ handle: { kernelId: kernel.id } });
  // Its start was in the midst of it.
  await second.require(coming.id).ready(soon());
});

test('[K48] a place that cannot be asked is asked again, and its kernels go on', async () => {
  const first = openRegistry();
  await first.adopt();
  const kernel = await first.start(request);
  await kernel.ready(soon());
  const pid = provisioner.pidOf(kernel.id);
  await first.drain();

  provisioner.silences = 2;
  const second = openRegistry();
  await second.adopt();
  expect(second.get(kernel.id)).toBeUndefined();
  await until(() => second.get(kernel.id)?.isRunning === true);
  expect(provisioner.pidOf(kernel.id)).toBe(pid);
});

test('[K32] a drain keeps the kernels and sends the clients away so that they come back', async () => {
  const first = openRegistry();
  await first.adopt();
  const kernel = await first.start(request);
  await kernel.ready(soon());
  await first.drain();
  expect(kernel.channels.log.slice(-2)).toEqual(['closeClients 1012 service restart', 'dispose']);
  process.kill(provisioner.pidOf(kernel.id), 0);
  await expect(first.start(request)).rejects.toMatchObject({ code: 'KERNEL_STOPPING' });
  const second = openRegistry();
  await second.adopt();
  expect(second.require(kernel.id).executionState).toBe('idle');
});

test('[K33] a dead kernel is forgotten after a while', async () => {
  deadRetentionMs = 50;
  const registry = openRegistry();
  await registry.adopt();
  const removed: string[] = [];
  registry.onRemoved((id) => removed.push(id));
  const kernel = await registry.start({ ...request, name: 'missing' });
  await kernel.died();
  await until(() => registry.list().length === 0);
  await until(() => removed.length > 0);
  expect(removed).toEqual([kernel.id]);
  expect(await readdir(join(folder, 'kernels'))).toEqual([]);
});

test('[K34] stopAll ends all', async () => {
  const registry = openRegistry();
  await registry.adopt();
  const kernels = await Promise.all([1, 2, 3].map(() => registry.start(request)));
  await Promise.all(kernels.map((kernel) => kernel.ready(soon())));
  await registry.stopAll();
  expect(registry.list()).toEqual([]);
  for (const { id } of kernels) expect(() => process.kill(provisioner.pidOf(id), 0)).toThrow();
});

test('[K35] a launch that never comes is given up', async () => {
  launchTimeoutMs = 50;
  const registry = openRegistry();
  await registry.adopt();
  provisioner.gate = new Promise(() => {});
  const kernel = await registry.start(request);
  await expect(kernel.ready(soon())).rejects.toMatchObject({
    code: 'KERNEL_LAUNCH_TIMEOUT',
    message: 'The kernel did not start within 0.05 s.',
  });
});

test('[K35] the failure of a launch that was given up is not taken for one of the next', async () => {
  launchTimeoutMs = 50;
  const registry = openRegistry();
  await registry.adopt();
  // Slow to notice that it was called off.
  let late = (): void => {};
  provisioner.onLaunch = () => new Promise((resolve) => (late = resolve));
  const kernel = await registry.start(request);
  await kernel.died();
  provisioner.onLaunch = () => Promise.resolve();
  launchTimeoutMs = 5000;
  const restarted = registry.restart(kernel.id);
  await until(() => kernel.state.status === 'launching');
  late();
  await restarted;
  expect(kernel.executionState).toBe('idle');
});

test('[K28] an id is free again when all of its former kernel is gone, and not before', async () => {
  const registry = openRegistry();
  await registry.adopt();
  const { id } = await registry.start({ ...request, name: 'missing' });
  await registry.require(id).died();
  const [, second] = await Promise.all([registry.stop(id), registry.start({ ...request, id })]);
  await second.ready(soon());
  expect(registry.get(id)).toBe(second);
  expect(await recordOnDisk(id)).toMatchObject({ name: 'patient', handle: { kernelId: id } });
});

test('[K36] each phase of a start is an event, to the first reply', async () => {
  const registry = openRegistry();
  await registry.adopt();
  const kernel = await registry.start(request);
  await kernel.ready(soon());
  const phases = events
    .filter((event) => event.schemaId.endsWith('kernel_phase/v1'))
    .map((event) => event.data);
  expect(phases).toEqual(
    [
      ['launching', 'Starting.'],
      ['starting', 'Starting a process.'],
      ['connecting', 'Waiting for its first reply.'],
      ['running', 'Running.'],
    ].map(([phase, message]) => ({ kernel_id: kernel.id, kernel_name: 'patient', phase, message })),
  );
});

function deaths(): unknown[] {
  return events.filter((event) => event.schemaId.endsWith('kernel_death/v1')).map((event) => event.data);
}

async function recordOnDisk(id: string): Promise<KernelRecord> {
  const text = await readFile(join(folder, 'kernels', `${id}.json`), 'utf8');
  return (JSON.parse(text) as { data: KernelRecord }).data;
}

test('[K32] a drain, and the end of all kernels, take a bounded time, also when a launch or an end does not come back', async () => {
  const registry = openRegistry();
  await registry.adopt();
  provisioner.gate = new Promise(() => {});
  provisioner.onLaunch = () => new Promise(() => {});
  const hanging = await registry.start(request);
  await registry.drain();
  expect(hanging.channels.log).toContain('closeClients 1012 service restart');
  await expect(registry.start(request)).rejects.toMatchObject({ code: 'KERNEL_STOPPING' });

  const second = openRegistry();
  await second.adopt();
  await second.stopAll();
  expect(await recordOnDisk(hanging.id)).toMatchObject({ state: { status: 'stopping' } });
  provisioner.onLaunch = () => Promise.resolve();
  const third = openRegistry();
  await third.adopt();
  expect((await third.require(hanging.id).died()).reason).toBe('stopped');
});

test('[K38] a kernel whose place is out of reach is lost, not dead, and found again; its death is still told', async () => {
  const registry = openRegistry();
  await registry.adopt();
  const kernel = await registry.start(request);
  await kernel.ready(soon());
  provisioner.tell(kernel.id, { type: 'lost', message: 'The node does not answer.' });
  expect(kernel.state).toMatchObject({ status: 'lost', message: 'The node does not answer.' });
  expect(kernel.executionState).toBe('idle');
  expect(events.at(-1)?.data).toMatchObject({ phase: 'lost', message: 'The node does not answer.' });
  provisioner.tell(kernel.id, { type: 'found' });
  expect(kernel.state.status).toBe('running');
  expect(kernel.executionState).toBe('idle');
  provisioner.tell(kernel.id, { type: 'lost', message: 'The node does not answer.' });
  process.kill(provisioner.pidOf(kernel.id), 'SIGKILL');
  await until(() => kernel.state.status === 'restarting' || kernel.state.status === 'running');
});

test('[K39] a kernelspec that cannot be started is one line in the log, with the reason', async () => {
  const lines: { fields: object; message: string }[] = [];
  log = { ...silent, warn: (fields, message) => lines.push({ fields, message }) };
  const registry = openRegistry();
  await registry.adopt();
  const kernel = await registry.start({ ...request, name: 'missing' });
  await kernel.died();
  expect(lines).toEqual([
    {
      message: 'a kernel could not be started',
      fields: {
        kernelId: kernel.id,
        code: 'KERNEL_LAUNCH_FAILED',
        reason: '/no/such/kernel cannot be started: no such file',
      },
    },
  ]);
});

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  await vi.waitFor(async () => expect(await condition()).toBe(true), { timeout: 5000, interval: 10 });
}
