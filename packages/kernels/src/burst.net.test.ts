// What comes all at once: many kernels on real sockets, many requests before any of them is up, many clients, many starts.
import { startFakeKernel, type FakeKernel } from '@perijove/testkit';
import { afterEach, expect, test } from 'vitest';
import type { KernelChannels } from './channels/kernel-channels.ts';
import { openChannels } from './channels/open-channels.ts';
import { channelOptions, type ChannelOptions } from './channels/options.ts';
import { TestClient } from './channels/test-client.ts';
import { KernelError } from './kernel-error.ts';
import { KernelRegistry } from './kernel-registry.ts';
import type { LifeChannels } from './life-channels.ts';
import type { Log } from './log.ts';
import type { Exit, Kernelspec, LaunchRequest, ProvisionedKernel, Provisioner } from './provisioner.ts';
import { MemoryPlace } from './test-support/memory-place.ts';
import { testRegistryLimits } from './test-support/registry-limits.ts';
import { ScriptedChannels } from './test-support/scripted-channels.ts';

const kernelCount = 100;
const requestsEach = 100;
const clientsEach = 10;

const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const spec: Kernelspec = {
  name: 'fake',
  resourceDir: '/',
  spec: { argv: [], display_name: 'Fake', language: 'fake' },
};
const settings = Object.fromEntries(
  Object.entries(channelOptions).map(([name, { schema }]) => [
    name,
    (schema as unknown as { default: unknown }).default,
  ]),
) as unknown as ChannelOptions;
const policy = {
  autoRestart: false,
  restartLimit: 0,
  stableAfterMs: 60_000,
  launchAttempts: 1,
  launchTimeoutMs: 50_000,
  replyTimeoutMs: 50_000,
  shutdownGraceMs: 5000,
};

/** Fake kernels in this process, on real sockets. None starts before `open` is called. */
class SlowPlace implements Provisioner {
  readonly name = 'slow';
  readonly kernels: FakeKernel[] = [];
  open = (): void => {};
  readonly #isOpen = new Promise<void>((resolve) => (this.open = resolve));

  capacity(): Promise<{ memoryBytes: number; cpus: number }> {
    return Promise.resolve({ memoryBytes: 2 ** 40, cpus: 1000 });
  }

  async launch({ kernelId }: LaunchRequest): Promise<ProvisionedKernel> {
    await this.#isOpen;
    const kernel = await startFakeKernel();
    this.kernels.push(kernel);
    const exited = kernel.ended.then((): Exit => ({ reason: 'exited', code: 0, message: 'exited' }));
    return {
      handle: { provisioner: this.name, kernelId },
      connection: kernel.connection,
      exited,
      interrupt: () => Promise.resolve(kernel.interrupt()),
      destroy: () => kernel.close(),
    };
  }

  adopt(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
}

function openRegistry<C extends LifeChannels>(
  place: Provisioner,
  openOne: (kernelId: string) => C,
  limits = testRegistryLimits,
): KernelRegistry<C> {
  return new KernelRegistry<C>({
    kernelspecs: { get: () => Promise.resolve(spec), defaultName: () => Promise.resolve(spec.name) },
    provisioners: new Map([[place.name, place]]),
    defaultProvisioner: place.name,
    store: new MemoryPlace({ memoryBytes: 1, cpus: 1 }).store({ isAlive: true }),
    policy,
    limits,
    log,
    now: Date.now,
    openChannels: openOne,
  });
}

const start = { cwd: '/', env: {}, username: 'ada' };
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()));
});

test('[K12] a hundred kernels in one burst, ten thousand requests before any is up, a thousand clients: nothing is lost', async () => {
  const place = new SlowPlace();
  const registry = openRegistry(place, (kernelId) =>
    openChannels({ kernelId, settings, log, now: Date.now }),
  );
  ends.push(async () => {
    place.open();
    await registry.stopAll();
    await Promise.all(place.kernels.map((kernel) => kernel.close()));
  });
  const kernels = await Promise.all(Array.from({ length: kernelCount }, () => registry.start(start)));
  const asked = kernels.map(({ channels }) => {
    const client = new TestClient().attach(channels);
    const requests = Array.from({ length: requestsEach }, (_, n) => client.execute(`stream ${n}`));
    return { client, requests };
  });
  expect(place.kernels).toEqual([]);
  place.open();
  await Promise.all(
    asked.map(async ({ client, requests }) => {
      await client.finished(requests.at(-1)!);
      expect(requests.map((id) => client.printed(id))).toEqual(requests.map((_, n) => `${n}\n`));
      const replies = client.received.filter(({ message }) => message.header.msg_type === 'execute_reply');
      expect(replies.map(({ message }) => message.parent_header.msg_id)).toEqual(requests);
    }),
  );
  const onlookers = kernels.map(({ channels }) => idleClients(channels));
  await Promise.all(
    asked.map(async ({ client }, n) => {
      const last = client.execute('stream seen by all');
      await Promise.all(
        onlookers[n]!.map((one) =>
          one.message((m) => m.parent_header.msg_id === last && m.content['execution_state'] === 'idle'),
        ),
      );
      expect(onlookers[n]!.map((one) => one.printed(last))).toEqual(onlookers[n]!.map(() => 'seen by all\n'));
    }),
  );
  expect(registry.list().every((kernel) => kernel.isRunning && kernel.connections === 1 + clientsEach)).toBe(
    true,
  );
  for (const one of onlookers.flat()) one.client.closed(true);
  expect(registry.list().map((kernel) => kernel.connections)).toEqual(kernels.map(() => 1));
});

function idleClients(channels: KernelChannels): TestClient[] {
  return Array.from({ length: clientsEach }, () => new TestClient().attach(channels));
}

test('[K13] ten thousand starts while the place is slow: each is started, queued or refused, never more than the limits, and all end', async () => {
  const memory = new MemoryPlace({ memoryBytes: 1000, cpus: 1000 });
  const place = memory.provisioner({ isAlive: true });
  let open = (): void => {};
  const isOpen = new Promise<void>((resolve) => (open = resolve));
  const slow: Provisioner = {
    ...place,
    launch: async (request, context) => {
      await isOpen;
      return place.launch(request, context);
    },
  };
  const limits = {
    ...testRegistryLimits,
    maxKernels: 100,
    maxQueued: 1000,
    maxQueuedPerUser: 1000,
    positionIntervalMs: 1000,
  };
  const registry = openRegistry(
    slow,
    () => new ScriptedChannels({ answersAtOnce: true, lastActivity: Date.now() }),
    limits,
  );
  const results = await Promise.allSettled(Array.from({ length: 10_000 }, () => registry.start(start)));
  const refusals = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : [],
  );
  expect(refusals).toHaveLength(8900);
  expect(refusals.every((error) => error instanceof KernelError && error.code === 'KERNEL_QUEUE_FULL')).toBe(
    true,
  );
  expect(registry.list()).toHaveLength(1100);
  expect(registry.queueCounts.queued).toBe(1000);
  open();
  const first = registry.list().slice(0, limits.maxKernels);
  await Promise.all(first.map((kernel) => kernel.ready(AbortSignal.timeout(20_000))));
  expect(memory.running.size).toBe(100);
  // Each that ends makes room for one that waits.
  for (let left = 1000; left > 900; left--)
    await registry.stop(registry.list().find((kernel) => kernel.isRunning)!.id);
  await Promise.all(
    registry
      .list()
      .slice(0, limits.maxKernels)
      .map((kernel) => kernel.ready(AbortSignal.timeout(20_000))),
  );
  expect(registry.queueCounts.queued).toBe(900);
  await registry.stopAll();
  expect(registry.list()).toEqual([]);
  expect(memory.running.size).toBe(0);
});
