import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  cullOnce,
  isCullable,
  runCuller,
  type Cullable,
  type CullingPolicy,
  type Idleness,
} from './culler.ts';
import type { Kernelspec } from './provisioner.ts';
import { openTestRegistry } from './test-support/test-registry.ts';

const now = 10_000_000;
const idle: Idleness = {
  lastActivity: now - 61_000,
  executionState: 'idle',
  connections: 0,
  idleTimeoutS: undefined,
};
const policy: CullingPolicy = { idleTimeoutMs: 60_000, cullConnected: false, cullBusy: false };

const cases: [string, Partial<Idleness>, Partial<CullingPolicy>, boolean][] = [
  ['idle for longer than the limit', {}, {}, true],
  ['idle for just the limit', { lastActivity: now - 60_000 }, {}, false],
  ['no limit', {}, { idleTimeoutMs: 0 }, false],
  ['connected', { connections: 1 }, {}, false],
  ['connected, and that does not matter', { connections: 1 }, { cullConnected: true }, true],
  ['busy', { executionState: 'busy' }, {}, false],
  ['busy, and that does not matter', { executionState: 'busy' }, { cullBusy: true }, true],
  ['starting', { executionState: 'starting' }, { cullBusy: true }, false],
  ['restarting', { executionState: 'restarting' }, { cullBusy: true }, false],
  ['dead', { executionState: 'dead' }, { cullBusy: true }, false],
  ["the kernelspec's own limit is longer", { idleTimeoutS: 3600 }, {}, false],
  ["the kernelspec's own limit is shorter", { idleTimeoutS: 5, lastActivity: now - 6000 }, {}, true],
  ['the kernelspec says never', { idleTimeoutS: 0 }, {}, false],
  ['only the kernelspec has a limit', { idleTimeoutS: 5 }, { idleTimeoutMs: 0 }, true],
];

test.each(cases)('[K60] culling: %s', (_what, kernel, options, expected) => {
  expect(isCullable({ ...idle, ...kernel }, { ...policy, ...options }, now)).toBe(expected);
});

test('[K60] a kernel that is culled now would be culled later, and with a shorter limit', () => {
  const kernels = fc.record({
    lastActivity: fc.integer({ min: 0, max: now }),
    executionState: fc.constantFrom('idle', 'busy', 'starting', 'dead'),
    connections: fc.integer({ min: 0, max: 2 }),
    idleTimeoutS: fc.constant(undefined),
  }) as fc.Arbitrary<Idleness>;
  const policies = fc.record({
    idleTimeoutMs: fc.integer({ min: 1 }),
    cullConnected: fc.boolean(),
    cullBusy: fc.boolean(),
  });
  fc.assert(
    fc.property(kernels, policies, fc.nat(), (kernel, options, more) => {
      if (!isCullable(kernel, options, now)) return;
      expect(isCullable(kernel, options, now + more)).toBe(true);
      expect(
        isCullable(kernel, { ...options, idleTimeoutMs: Math.max(1, options.idleTimeoutMs - more) }, now),
      ).toBe(true);
    }),
  );
});

describe('the culler', () => {
  beforeEach(() => vi.useFakeTimers({ now }));
  afterEach(() => vi.useRealTimers());

  const kernelOf = (fields: Partial<Cullable> & { id: string }): Cullable => ({
    name: 'python3',
    ...idle,
    ...fields,
  });

  /** Runs it over these kernels; `culled` and `failures` are filled as time goes. */
  function runOver(
    kernels: Cullable[],
    { kernelspec, cull }: { kernelspec?: Kernelspec; cull?: () => Promise<void> },
  ) {
    const culled: [string, number][] = [];
    const failures: unknown[] = [];
    const stop = new AbortController();
    const ended = runCuller(
      {
        registry: {
          list: () => kernels,
          cull: async (id) => {
            await cull?.();
            culled.push([id, Date.now() - now]);
            kernels.splice(
              kernels.findIndex((kernel) => kernel.id === id),
              1,
            );
          },
        },
        kernelspecs: { get: async () => kernelspec },
        policy,
        intervalMs: 10_000,
        log: { debug() {}, info() {}, warn() {}, error: (fields) => failures.push(fields) },
        now: Date.now,
      },
      stop.signal,
    );
    return { culled, failures, stop, ended };
  }

  test('[K61] looks from time to time, and ends kernels in the first round after their time', async () => {
    const kernels = [kernelOf({ id: 'old' }), kernelOf({ id: 'young', lastActivity: now - 45_000 })];
    const { culled, stop, ended } = runOver(kernels, {});
    await vi.advanceTimersByTimeAsync(9_999);
    expect(culled).toEqual([]);
    await vi.advanceTimersByTimeAsync(100_000);
    expect(culled).toEqual([
      ['old', 10_000],
      ['young', 20_000],
    ]);
    stop.abort();
    await ended;
  });

  test("[K61] heeds the kernelspec's own limit", async () => {
    const metadata = { cull_idle_timeout: 3600 };
    const kernelspec: Kernelspec = {
      name: 'python3',
      resourceDir: '/nowhere',
      spec: { argv: ['python'], display_name: 'Python 3', language: 'python', metadata },
    };
    const { culled, stop, ended } = runOver([kernelOf({ id: 'patient' })], { kernelspec });
    await vi.advanceTimersByTimeAsync(3_530_000);
    expect(culled).toEqual([]);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(culled).toEqual([['patient', 3_540_000]]);
    stop.abort();
    await ended;
  });

  test('[K61] one that cannot be ended is said, is tried again, and keeps no other from its end', async () => {
    let tries = 0;
    const kernels = [kernelOf({ id: 'first' }), kernelOf({ id: 'second' })];
    const cull = async (): Promise<void> => {
      if (++tries === 1) throw new Error('no');
    };
    const { culled, failures, stop, ended } = runOver(kernels, { cull });
    await vi.advanceTimersByTimeAsync(20_000);
    expect(failures).toEqual([{ err: new Error('no'), kernelId: 'first' }]);
    expect(culled).toEqual([
      ['second', 10_000],
      ['first', 20_000],
    ]);
    stop.abort();
    await ended;
  });

  test('[K61] aborted, it ends at once and leaves no timer; a round under way is finished', async () => {
    let finish = (): void => {};
    const cull = (): Promise<void> => new Promise((resolve) => (finish = resolve));
    const { culled, stop, ended } = runOver([kernelOf({ id: 'slow' })], { cull });
    await vi.advanceTimersByTimeAsync(10_000);
    stop.abort();
    finish();
    await ended;
    expect(culled).toEqual([['slow', 10_000]]);
    const idling = runOver([], {});
    expect(vi.getTimerCount()).toBe(1);
    idling.stop.abort();
    await idling.ended;
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('[K62] the next server culls what was idle before it came, without any client; never what waits in the queue', async () => {
  await using given = await openTestRegistry({ room: { memoryBytes: 1, cpus: 1 } });
  const asked = { cwd: given.folder, env: {}, username: 'ada', resources: { memoryBytes: 1 } };
  const kernel = await given.registry.start(asked);
  await kernel.ready(AbortSignal.timeout(5000));
  const hourAgo = Date.now() - 3_600_000;
  kernel.channels.hear({ lastActivity: hourAgo, executionState: 'idle' });
  const waiting = await given.registry.start(asked);
  await given.registry.drain();
  const next = given.reopen();
  await next.adopt();
  const options = {
    registry: next,
    kernelspecs: { get: () => Promise.resolve(undefined) },
    policy: { idleTimeoutMs: 1_800_000, cullConnected: true, cullBusy: true },
    intervalMs: 1,
    log: given.log,
  };
  // Two hours on, the one that waits has been there for long.
  await cullOnce({ ...options, now: () => hourAgo + 1_800_000 });
  expect(next.require(kernel.id).isAlive).toBe(true);
  await cullOnce({ ...options, now: () => Date.now() + 7_200_000 });
  expect(next.require(kernel.id).death).toMatchObject({ reason: 'culled' });
  expect(next.require(waiting.id).isAlive).toBe(true);
});
