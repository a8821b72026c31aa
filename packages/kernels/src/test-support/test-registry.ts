import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileKernelStore } from '../file-kernel-store.ts';
import type { KernelBusEvent } from '../kernel-events.ts';
import { KernelRegistry } from '../kernel-registry.ts';
import type { RegistryLimits } from '../registry-options.ts';
import type { Log } from '../log.ts';
import type { Capacity, Kernelspec } from '../provisioner.ts';
import { testRegistryLimits } from './registry-limits.ts';
import { ChildProvisioner } from './child-provisioner.ts';
import { ScriptedChannels } from './scripted-channels.ts';

const waits = `process.stdout.write('up'); process.on('SIGINT', () => {}); setInterval(() => {}, 1000)`;

export interface TestRegistry extends AsyncDisposable {
  readonly registry: KernelRegistry<ScriptedChannels>;
  readonly provisioner: ChildProvisioner;
  readonly events: KernelBusEvent[];
  /** Private to the test; the root folder of documents, say. */
  readonly folder: string;
  readonly log: Log;
  /** Another server's registry on the same records. */
  reopen(): KernelRegistry<ScriptedChannels>;
}

/** A registry over real child processes, with the kernelspecs `python3`, the default, `other`, and `missing`, whose program is not there. */
export async function openTestRegistry({
  limits = {},
  room,
  onEvent,
}: {
  limits?: Partial<RegistryLimits>;
  room?: Capacity;
  onEvent?: (event: KernelBusEvent) => void;
} = {}): Promise<TestRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'perijove-registry-'));
  const provisioner = new ChildProvisioner();
  if (room) provisioner.room = room;
  const events: KernelBusEvent[] = [];
  const log: Log = { debug() {}, info() {}, warn() {}, error() {} };
  const opened: KernelRegistry<ScriptedChannels>[] = [];
  const kernelspecs = new Map(
    ['python3', 'other', 'missing'].map((name): [string, Kernelspec] => {
      const argv = name === 'missing' ? ['/no/such/kernel'] : [process.execPath, '-e', waits];
      return [name, { name, resourceDir: folder, spec: { argv, display_name: name, language: 'none' } }];
    }),
  );
  const reopen = (): KernelRegistry<ScriptedChannels> => {
    const registry = new KernelRegistry<ScriptedChannels>({
      kernelspecs: {
        get: (name) => Promise.resolve(kernelspecs.get(name)),
        defaultName: () => Promise.resolve('python3'),
      },
      provisioners: new Map([[provisioner.name, provisioner]]),
      defaultProvisioner: provisioner.name,
      store: new FileKernelStore({ folder: join(folder, '.kernels'), log, soonMs: 5 }),
      policy: {
        autoRestart: false,
        restartLimit: 0,
        stableAfterMs: 10_000,
        launchAttempts: 1,
        launchTimeoutMs: 5000,
        replyTimeoutMs: 5000,
        shutdownGraceMs: 100,
      },
      limits: { ...testRegistryLimits, ...limits },
      log,
      now: Date.now,
      openChannels: () => new ScriptedChannels({ answersAtOnce: true, lastActivity: Date.now() }),
      onEvent: (event) => {
        events.push(event);
        onEvent?.(event);
      },
    });
    opened.push(registry);
    return registry;
  };
  const registry = reopen();
  await registry.adopt();
  return {
    registry,
    provisioner,
    events,
    folder,
    log,
    reopen,
    async [Symbol.asyncDispose]() {
      // Those that were drained refuse: their kernels are the next one's.
      for (const one of opened) await one.stopAll().catch(() => {});
      await provisioner.destroyAll();
      await rm(folder, { recursive: true });
    },
  };
}
