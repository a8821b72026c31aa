import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import type { Kernel } from './kernel.ts';
import type { KernelRecord } from './kernel-record.ts';
import type { RegistryLimits } from './registry-options.ts';
import { openTestRegistry, type TestRegistry } from './test-support/test-registry.ts';

let given: TestRegistry;
afterEach(() => given[Symbol.asyncDispose]());

const gib = 2 ** 30;
const soon = (): AbortSignal => AbortSignal.timeout(5000);

/** A machine with 4 GiB for kernels; each asks for 1 unless said otherwise. */
async function open(limits: Partial<RegistryLimits> = {}): Promise<void> {
  given = await openTestRegistry({ limits, room: { memoryBytes: 4 * gib, cpus: 100 } });
}

function start({
  username = 'ada',
  memory = 1,
  id,
}: { username?: string; memory?: number; id?: string } = {}) {
  return given.registry.start({
    cwd: given.folder,
    env: {},
    username,
    resources: { memoryBytes: memory * gib },
    ...(id === undefined ? {} : { id }),
  });
}

const statusOf = (kernel: Kernel): string => kernel.state.status;
const queueEvents = (kernel: Kernel): unknown[] =>
  given.events
    .filter(({ data }) => data['kernel_id'] === kernel.id && data['phase'] === 'queued')
    .map(({ data }) => data['queue']);

async function recordOf(id: string): Promise<KernelRecord> {
  const text = await readFile(join(given.folder, '.kernels', `${id}.json`), 'utf8');
  return (JSON.parse(text) as { data: KernelRecord }).data;
}

test('[Q10] a start that does not fit is queued, written down before it is answered, and says why it waits', async () => {
  await open();
  const first = await start({ memory: 3 });
  const kernel = await start({ memory: 2 });
  expect(statusOf(kernel)).toBe('queued');
  expect((await recordOf(kernel.id)).state).toEqual({ status: 'queued', step: 'waiting' });
  expect(kernel.model).toMatchObject({
    execution_state: 'starting',
    perijove: {
      phase: 'queued',
      message:
        'The only one in the queue: it needs 2.0 GiB of memory; 1.0 GiB of 4.0 GiB is free. Shutting down your other kernel would make room.',
      queue: {
        position: 1,
        queued: 1,
        reason: 'memory',
        needs: 2 * gib,
        free: gib,
        total: 4 * gib,
        would_free: [first.id],
      },
    },
  });
  expect(queueEvents(kernel)).toEqual([kernel.model.perijove?.queue]);
  expect(given.registry.queueCounts.queued).toBe(1);
  await first.ready(soon());
  await expect(given.registry.interrupt(kernel.id)).rejects.toMatchObject({ code: 'KERNEL_NOT_STARTED' });
});

test('[Q11] a kernel that ends, however it does, admits the next at once', async () => {
  await open();
  const first = await start({ memory: 4 });
  const second = await start({ memory: 4 });
  const third = await start({ memory: 4 });
  await first.ready(soon());
  expect(queueEvents(third)).toMatchObject([{ position: 2, queued: 2 }]);
  await given.registry.stop(first.id);
  await second.ready(soon());
  expect(second.model).not.toHaveProperty('perijove');
  await vi.waitFor(() => expect(queueEvents(third).at(-1)).toMatchObject({ position: 1, queued: 1 }));
  process.kill(given.provisioner.pidOf(second.id), 'SIGKILL');
  await third.ready(soon());
  // One at a time, whatever was asked for.
  expect(given.provisioner.launched.map(({ kernelId }) => kernelId).slice(-3)).toEqual([
    first.id,
    second.id,
    third.id,
  ]);
});

test('[Q12] a queued start can be cancelled, and nothing is left of it', async () => {
  await open();
  const first = await start({ memory: 4 });
  await first.ready(soon());
  const cancelled = await start({ memory: 4 });
  const next = await start({ memory: 4 });
  await given.registry.stop(cancelled.id);
  expect(given.registry.get(cancelled.id)).toBeUndefined();
  expect((await readdir(join(given.folder, '.kernels'))).includes(`${cancelled.id}.json`)).toBe(false);
  await vi.waitFor(() => expect(next.wait?.position).toBe(1));
  await given.registry.stop(first.id);
  await next.ready(soon());
  expect(given.provisioner.launched.some(({ kernelId }) => kernelId === cancelled.id)).toBe(false);
});

test('[Q13] what can never fit, or finds the queue full, is refused with the numbers, and leaves nothing', async () => {
  await open({ maxQueued: 2, maxQueuedPerUser: 1 });
  await expect(start({ memory: 5 })).rejects.toMatchObject({
    code: 'KERNEL_NEVER_FITS',
    message:
      'The kernel can never start here: it asks for 5.0 GiB of memory, and all kernels together may have 4.0 GiB.',
  });
  await start({ memory: 4 });
  await start({ username: 'bob' });
  await expect(start({ username: 'bob' })).rejects.toMatchObject({ code: 'KERNEL_TOO_MANY_QUEUED' });
  await start({ username: 'eve' });
  await expect(start({ username: 'ada' })).rejects.toMatchObject({ code: 'KERNEL_QUEUE_FULL' });
  expect(given.registry.list()).toHaveLength(3);
  expect(given.registry.queueCounts).toMatchObject({ queued: 2, starts: { queued: 2, refused: 3 } });
});

test('[Q14] no queued start is lost by the end of a server: the next one takes them up in their order', async () => {
  await open();
  const first = await start({ memory: 4 });
  await first.ready(soon());
  const waiting: Kernel[] = [];
  for (const username of ['ada', 'ada', 'bob', 'ada']) waiting.push(await start({ username, memory: 4 }));
  // As if it had been killed now: what it writes at its end is undone.
  const folder = join(given.folder, '.kernels');
  const names = await readdir(folder);
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name))));
  await given.registry.drain();
  await Promise.all(names.map((name, n) => writeFile(join(folder, name), texts[n]!)));
  const next = given.reopen();
  await next.adopt();
  const positions = (): (number | undefined)[] => waiting.map(({ id }) => next.get(id)?.wait?.position);
  await vi.waitFor(() => expect(positions()).toEqual([2, 3, 1, 4]));
  const before = given.provisioner.launched.length;
  await next.stop(first.id);
  for (const index of [2, 0, 1, 3]) {
    const kernel = next.require(waiting[index]!.id);
    await kernel.ready(soon());
    await next.stop(kernel.id);
  }
  expect(given.provisioner.launched.slice(before).map(({ kernelId }) => kernelId)).toEqual(
    [2, 0, 1, 3].map((index) => waiting[index]!.id),
  );
});

test('[Q14] a drain leaves the queue to the next server', async () => {
  await open();
  const first = await start({ memory: 4 });
  await first.ready(soon());
  const { id } = await start({ memory: 4 });
  await given.registry.drain();
  process.kill(given.provisioner.pidOf(first.id), 'SIGKILL');
  const next = given.reopen();
  await next.adopt();
  await next.require(id).ready(soon());
});

test('[Q15] one that waits and does not fit any more on the next server is dead for that reason', async () => {
  await open();
  await start({ memory: 4 });
  const { id } = await start({ memory: 4 });
  await given.registry.drain();
  given.provisioner.room = { memoryBytes: 2 * gib, cpus: 100 };
  const next = given.reopen();
  await next.adopt();
  await vi.waitFor(() =>
    expect(next.require(id).model).toMatchObject({
      execution_state: 'dead',
      reason:
        'The kernel can never start here: it asks for 4.0 GiB of memory, and all kernels together may have 2.0 GiB.',
    }),
  );
  expect(next.require(id).death?.reason).toBe('neverFits');
});

test('[Q16] a dead kernel that is to start again waits for room; a living one keeps its own', async () => {
  await open();
  const kernel = await start({ memory: 3 });
  await kernel.ready(soon());
  await given.registry.restart(kernel.id);
  process.kill(given.provisioner.pidOf(kernel.id), 'SIGKILL');
  await kernel.died();
  // What it had is free again, for itself too.
  await given.registry.restart(kernel.id);
  expect(kernel.executionState).toBe('idle');
  process.kill(given.provisioner.pidOf(kernel.id), 'SIGKILL');
  await kernel.died();
  const other = await start({ memory: 2, username: 'bob' });
  await other.ready(soon());
  await given.registry.restart(kernel.id);
  expect(kernel.model).toMatchObject({
    execution_state: 'starting',
    perijove: { queue: { position: 1, reason: 'memory' } },
  });
  expect(kernel.channels.log.slice(-2)).toEqual(['announce starting', 'disconnect']);
  await given.registry.stop(other.id);
  await kernel.ready(soon());
});

test('[Q17] more room at its place is noticed while a kernel waits', async () => {
  await open();
  await start({ memory: 4 });
  const kernel = await start({ memory: 4 });
  expect(statusOf(kernel)).toBe('queued');
  given.provisioner.room = { memoryBytes: 8 * gib, cpus: 100 };
  await kernel.ready(soon());
});

test('[Q18] one that waits long is passed a bounded number of times, also across servers', async () => {
  await open({ maxOvertakes: 2 });
  await start({ memory: 2 });
  const big = await start({ memory: 3 });
  const little = [
    await start({ username: 'bob', memory: 0.5 }),
    await start({ username: 'eve', memory: 0.5 }),
  ];
  expect(little.map(statusOf)).not.toContain('queued');
  await given.registry.drain();
  const next = given.reopen();
  await next.adopt();
  expect(next.require(big.id).record.admission).toMatchObject({ overtaken: 2 });
  const late = await next.start({
    cwd: given.folder,
    env: {},
    username: 'eve',
    resources: { memoryBytes: gib / 2 },
  });
  expect(late.wait?.shortage).toEqual({ what: 'turn' });
});

test('[Q19] the time for a launch begins when there is room', async () => {
  await open();
  const first = await start({ memory: 4 });
  const kernel = await start({ memory: 4 });
  expect(kernel.state).not.toHaveProperty('until');
  const freed = Date.now();
  await given.registry.stop(first.id);
  await vi.waitFor(() => expect(statusOf(kernel)).not.toBe('queued'));
  expect(kernel.state.status === 'launching' && kernel.state.until).toBeGreaterThanOrEqual(freed + 5000);
});

test('[Q20] a burst of starts: never more at a time than there is room for, and each has its turn', async () => {
  await open({ maxQueued: 200, maxQueuedPerUser: 200 });
  const room = 4;
  let ended = 0;
  let most = 0;
  const kernels = await Promise.all(
    Array.from({ length: 40 }, (_, n) => start({ username: `user${n % 3}` })),
  );
  const life = async (kernel: Kernel): Promise<void> => {
    await kernel.ready(AbortSignal.timeout(60_000));
    most = Math.max(most, given.registry.list().filter(({ holdsRoom }) => holdsRoom).length);
    await given.registry.stop(kernel.id, { force: true });
    ended++;
  };
  await Promise.all(kernels.map(life));
  expect(ended).toBe(40);
  expect(most).toBeLessThanOrEqual(room);
}, 60_000);
