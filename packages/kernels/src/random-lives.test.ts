// A few kernels, at random and all at once: started under ids that come again, restarted, culled, ended, dying, failing to start,
// with servers that go, in whatever order things take effect. registry-model.test.ts is the like for many kernels and the queue.
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { KernelError } from './kernel-error.ts';
import { KernelRegistry } from './kernel-registry.ts';
import type { Log } from './log.ts';
import type { Kernelspec } from './provisioner.ts';
import { MemoryPlace, turns, type ServerProcess } from './test-support/memory-place.ts';
import { testRegistryLimits } from './test-support/registry-limits.ts';
import { ScriptedChannels } from './test-support/scripted-channels.ts';

const ids = ['kernel-a', 'kernel-b', 'kernel-c', 'kernel-d'] as const;
type Id = (typeof ids)[number];
/** Fewer than there are kernels: some wait. */
const room = 3;
const launchAttempts = 3;
const restartLimit = 2;

type Step =
  | { readonly do: 'start' | 'restart' | 'interrupt' | 'cull' | 'comeAndGo'; readonly id: Id }
  | { readonly do: 'stop'; readonly id: Id; readonly force: boolean }
  | { readonly do: 'die'; readonly id: Id; readonly reason: 'exited' | 'outOfMemory' }
  | { readonly do: 'failLaunches'; readonly id: Id; readonly mayPass: boolean; readonly times: number }
  | { readonly do: 'kill' | 'drain' };

const anyId = fc.constantFrom(...ids);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('start' as const), id: anyId }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('restart', 'interrupt', 'cull', 'comeAndGo'), id: anyId }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('stop' as const), id: anyId, force: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('die' as const),
      id: anyId,
      reason: fc.constantFrom('exited', 'outOfMemory'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('failLaunches' as const),
      id: anyId,
      mayPass: fc.boolean(),
      times: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('kill', 'drain') }) },
);
/** A step, and how many turns of the event loop go by before the next. */
const steps = fc.array(fc.tuple(anyStep, fc.integer({ min: 0, max: 12 })), { minLength: 1, maxLength: 40 });

const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const spec: Kernelspec = {
  name: 'any',
  resourceDir: '/',
  spec: { argv: ['any'], display_name: 'any', language: 'none' },
};

/** What is known of a kernel: what was asked, and what befell it. */
interface Expected {
  /** How many times its start, and its end, have been asked for. */
  starts: number;
  ends: number;
  /** Starts that have not been answered. */
  pending: number;
  /** A start was answered, and nobody has asked for its end. */
  isWanted: boolean;
  /** Somebody asked for its end, and that was answered. */
  isGone: boolean;
  /** Something may have ended it. */
  mayBeDead: boolean;
  /** How many launches there may have been. */
  launches: number;
  diedOfMemory: { readonly launches: number } | undefined;
}

class World {
  readonly place: MemoryPlace;
  readonly expected = new Map<Id, Expected>();
  readonly unforeseen: unknown[] = [];
  /** What the present server has been asked. */
  #calls: Promise<void>[] = [];
  #server: ServerProcess = { isAlive: true };
  registry: KernelRegistry<ScriptedChannels>;

  constructor(delays: readonly number[]) {
    let next = 0;
    const delay = (): number => delays[next++ % delays.length]!;
    this.place = new MemoryPlace({ memoryBytes: room, cpus: 100 }, delay);
    this.registry = this.#open();
  }

  /** Waits for an answer only of what replaces the server. */
  async begin(step: Step): Promise<void> {
    const done = this.#perform(step);
    if (step.do === 'kill' || step.do === 'drain') {
      await done;
      this.#calls = [];
    } else this.#calls.push(done);
  }

  async #perform(step: Step): Promise<void> {
    const { registry } = this;
    switch (step.do) {
      case 'start':
        return this.#start(step.id);
      case 'stop':
        return this.#end(step.id, () => registry.stop(step.id, { force: step.force }));
      case 'cull':
        this.#of(step.id).mayBeDead = true;
        return this.#try(registry.cull(step.id));
      case 'restart': {
        const expected = this.#of(step.id);
        expected.launches += launchAttempts * (1 + restartLimit);
        expected.diedOfMemory = undefined;
        return this.#try(registry.restart(step.id));
      }
      case 'interrupt':
        return this.#try(registry.interrupt(step.id));
      case 'comeAndGo': {
        const channels = registry.get(step.id)?.channels;
        channels?.hear({ connections: channels.activity.connections === 0 ? 1 : 0 });
        return;
      }
      case 'die':
        return this.#die(step.id, step.reason);
      case 'failLaunches':
        this.place.failures.set(step.id, { mayPass: step.mayPass, times: step.times });
        this.#of(step.id).mayBeDead = true;
        return;
      case 'kill':
        return this.#replace(() => Promise.resolve());
      case 'drain':
        return this.#replace(() => registry.drain());
    }
  }

  /** All that was begun is at an end: each kernel runs, is dead, or waits for room that there is not. */
  async settle(): Promise<void> {
    await Promise.all(this.#calls);
    await vi.waitFor(
      () => {
        for (const kernel of this.registry.list()) {
          const isAtRest = kernel.isRunning || !kernel.isAlive || kernel.isHeldUp;
          expect(isAtRest, `${kernel.id}: ${JSON.stringify(kernel.state)}`).toBe(true);
        }
      },
      { timeout: 4000, interval: 1 },
    );
    // What has been decided is written down.
    await turns(30);
  }

  check(): void {
    expect(this.unforeseen).toEqual([]);
    expect(this.place.faults).toEqual([]);
    const kernels = this.registry.list();
    const running = kernels.filter((kernel) => kernel.isRunning).map((kernel) => kernel.id);
    expect([...this.place.running.keys()].toSorted()).toEqual(running.toSorted());
    for (const kernel of kernels) {
      if (kernel.isWaiting) expect(running.length, 'there is no room').toBe(room);
    }
    const written = new Map(
      [...this.place.records.values()].map((record) => [record.id, record.state.status]),
    );
    expect(written).toEqual(new Map(kernels.map((kernel) => [kernel.id, kernel.state.status])));
    for (const [kernelId, expected] of this.expected) this.#checkOne(kernelId, expected);
  }

  #checkOne(kernelId: Id, expected: Expected): void {
    const kernel = this.registry.get(kernelId);
    if (expected.isWanted) expect(kernel, `${kernelId} is lost`).toBeDefined();
    if (expected.isGone) expect(kernel, `${kernelId} was to be gone`).toBeUndefined();
    if (kernel?.death && !expected.mayBeDead)
      expect.fail(`${kernelId} died for nothing: ${kernel.death.message}`);
    const launches = this.place.launches.get(kernelId) ?? 0;
    expect(launches, `launches of ${kernelId}`).toBeLessThanOrEqual(expected.launches);
    if (expected.diedOfMemory)
      expect(launches, `${kernelId} ran out of memory`).toBe(expected.diedOfMemory.launches);
  }

  #of(kernelId: Id): Expected {
    let expected = this.expected.get(kernelId);
    if (expected === undefined) {
      expected = {
        starts: 0,
        ends: 0,
        pending: 0,
        isWanted: false,
        isGone: false,
        mayBeDead: false,
        launches: 0,
        diedOfMemory: undefined,
      };
      this.expected.set(kernelId, expected);
    }
    return expected;
  }

  async #start(kernelId: Id): Promise<void> {
    const expected = this.#of(kernelId);
    expected.launches += launchAttempts;
    expected.isGone = false;
    const { ends } = expected;
    const server = this.#server;
    expected.starts++;
    expected.pending++;
    try {
      const resources = { memoryBytes: 1, cpus: 0.1 };
      await this.registry.start({ id: kernelId, cwd: '/', env: {}, username: 'ada', resources });
      expected.diedOfMemory = undefined;
      // Unless it was stopped before it was answered.
      if (ends === expected.ends) expected.isWanted = true;
    } catch (error) {
      // The end of the server came between the end of a dead one of this id and its successor.
      if (expected.mayBeDead && isDraining(error)) expected.isWanted = false;
      this.#note(error);
    } finally {
      if (server === this.#server) expected.pending--;
    }
  }

  async #end(kernelId: Id, end: () => Promise<void>): Promise<void> {
    const expected = this.#of(kernelId);
    expected.isWanted = false;
    expected.mayBeDead = true;
    const { starts, pending } = expected;
    expected.ends++;
    try {
      await end();
      // Unless a start, asked for before or since, comes after it.
      if (pending === 0 && starts === expected.starts) expected.isGone = true;
    } catch (error) {
      this.#note(error);
    }
  }

  #die(kernelId: Id, reason: 'exited' | 'outOfMemory'): void {
    if (!this.place.running.has(kernelId)) return;
    const expected = this.#of(kernelId);
    expected.mayBeDead = true;
    expected.launches += launchAttempts;
    // Only of one that runs it is certain what becomes of it: while a restart is under way, its end may be what was asked for.
    if (reason === 'outOfMemory' && this.registry.get(kernelId)?.isRunning)
      expected.diedOfMemory = { launches: this.place.launches.get(kernelId)! };
    this.place.die(kernelId, reason);
  }

  async #replace(leave: () => Promise<void>): Promise<void> {
    await leave();
    this.#server.isAlive = false;
    for (const expected of this.expected.values()) {
      expected.launches += launchAttempts;
      // A start that was never answered may have taken the place of a dead kernel, and be nothing yet.
      if (expected.pending > 0 && expected.mayBeDead) expected.isWanted = false;
      expected.pending = 0;
    }
    this.registry = this.#open();
    await this.registry.adopt();
  }

  async #try(action: Promise<unknown>): Promise<void> {
    try {
      await action;
    } catch (error) {
      this.#note(error);
    }
  }

  /** A refusal is an answer; anything else is a defect. */
  #note(error: unknown): void {
    if (!(error instanceof KernelError)) this.unforeseen.push(error);
  }

  #open(): KernelRegistry<ScriptedChannels> {
    this.#server = { isAlive: true };
    const place = this.place.provisioner(this.#server);
    return new KernelRegistry<ScriptedChannels>({
      kernelspecs: { get: () => Promise.resolve(spec), defaultName: () => Promise.resolve(spec.name) },
      provisioners: new Map([[place.name, place]]),
      defaultProvisioner: place.name,
      store: this.place.store(this.#server),
      policy: {
        autoRestart: true,
        restartLimit,
        stableAfterMs: 60_000,
        launchAttempts,
        launchTimeoutMs: 5000,
        replyTimeoutMs: 5000,
        shutdownGraceMs: 200,
      },
      limits: testRegistryLimits,
      log: silent,
      now: Date.now,
      openChannels: () => new ScriptedChannels({ answersAtOnce: true, lastActivity: Date.now() }),
    });
  }
}

function isDraining(error: unknown): boolean {
  return error instanceof KernelError && error.code === 'KERNEL_STOPPING';
}

test('[K11] whatever is asked, dies and is killed, and in whatever order: no kernel is lost, doubled, left behind or dead for nothing', async () => {
  await fc.assert(
    fc.asyncProperty(
      steps,
      fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 12 }),
      async (script, delays) => {
        const world = new World(delays);
        for (const [step, pause] of script) {
          await world.begin(step);
          await turns(pause);
        }
        await world.settle();
        world.check();
        await world.registry.stopAll();
        expect([...world.place.running.keys()]).toEqual([]);
        expect([...world.place.records.keys()]).toEqual([]);
      },
    ),
    { numRuns: 300, seed: 20_261_125 },
  );
}, 60_000);
