import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FileKernelStore } from './file-kernel-store.ts';
import type { KernelBusEvent } from './kernel-events.ts';
import { KernelRegistry } from './kernel-registry.ts';
import type { Log } from './log.ts';
import type { Kernelspec } from './provisioner.ts';
import { ChildProvisioner } from './test-support/child-provisioner.ts';
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
let registries: KernelRegistry<ScriptedChannels>[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perijove-kernels-'));
  provisioner = new ChildProvisioner();
  events = [];
  channels = new Map();
  answersAtOnce = true;
  registries = [];
});
afterEach(async () => {
  for (const registry of registries) await registry.stopAll();
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
      launchTimeoutMs: 5000,
      replyTimeoutMs: 5000,
      shutdownGraceMs: 400,
    },
    limits: {
      deadRetentionMs: 60_000,
      restartTimeoutMs: 5000,
      interruptTimeoutMs: 5000,
      drainTimeoutMs: 1000,
    },
    log: silent,
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
