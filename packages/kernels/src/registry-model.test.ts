import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KernelRegistry } from './kernel-registry.ts';
import { MemoryPlace, type ServerProcess } from './test-support/memory-place.ts';
import { testRegistryLimits } from './test-support/registry-limits.ts';
import { ScriptedChannels } from './test-support/scripted-channels.ts';

const room = 4;
const log = { debug() {}, info() {}, warn() {}, error() {} };
const kernelspec = {
  name: 'any',
  resourceDir: '/',
  spec: { argv: [], display_name: 'any', language: 'none' },
};

type Registry = KernelRegistry<ScriptedChannels>;
type Step =
  | { readonly type: 'start'; readonly user: string; readonly memory: number }
  | { readonly type: 'stop' | 'restart' | 'interrupt' | 'die'; readonly which: number }
  | { readonly type: 'kill' | 'drain' }
  | { readonly type: 'wait'; readonly ticks: number };

/** Servers that come and go on one place and one disk, and what they have promised. */
class World {
  readonly place = new MemoryPlace({ memoryBytes: room, cpus: 1000 });
  /** Starts that were answered, and that nobody has stopped. */
  readonly promised = new Set<string>();
  /** Asked for, and not answered before the server was killed: they may be there or not. */
  readonly ids: string[] = [];
  #server: ServerProcess = { isAlive: true };
  registry: Registry = this.#open();

  #open(): Registry {
    this.#server = { isAlive: true };
    const place = this.place.provisioner(this.#server);
    return new KernelRegistry<ScriptedChannels>({
      kernelspecs: { get: () => Promise.resolve(kernelspec), defaultName: () => Promise.resolve('any') },
      provisioners: new Map([['memory', place]]),
      defaultProvisioner: 'memory',
      store: this.place.store(this.#server),
      policy: {
        autoRestart: true,
        restartLimit: 1,
        stableAfterMs: 60_000,
        launchAttempts: 2,
        launchTimeoutMs: 60_000,
        replyTimeoutMs: 60_000,
        shutdownGraceMs: 10_000,
      },
      limits: { ...testRegistryLimits, capacityIntervalMs: 60_000, maxQueued: 1000, maxQueuedPerUser: 1000 },
      log,
      now: Date.now,
      openChannels: () => new ScriptedChannels({ answersAtOnce: true, lastActivity: 0 }),
    });
  }

  async perform(step: Step): Promise<void> {
    const { registry } = this;
    switch (step.type) {
      case 'start':
        registry
          .start({
            cwd: '/',
            env: {},
            username: step.user,
            resources: { memoryBytes: step.memory, cpus: 0.1 },
          })
          .then(({ id }) => {
            this.promised.add(id);
            this.ids.push(id);
          }, nothing);
        return;
      case 'wait':
        for (let n = 0; n < step.ticks; n++) await tick();
        return;
      case 'kill':
        this.#server.isAlive = false;
        await this.#next();
        return;
      case 'drain':
        await registry.drain();
        this.#server.isAlive = false;
        await this.#next();
        return;
      default: {
        const id = this.ids[step.which % Math.max(1, this.ids.length)];
        if (id === undefined) return;
        if (step.type === 'die') this.place.die(id);
        else if (step.type === 'interrupt') registry.interrupt(id).catch(nothing);
        else if (step.type === 'restart') registry.restart(id).catch(nothing);
        else {
          this.promised.delete(id);
          registry.stop(id).catch(nothing);
        }
      }
    }
  }

  async #next(): Promise<void> {
    this.registry = this.#open();
    await this.registry.adopt();
  }

  /** All has happened that would by itself. */
  async settle(): Promise<void> {
    let same = 0;
    for (let before = ''; same < 20;) {
      await tick();
      const now = JSON.stringify(this.registry.list().map(({ record }) => record.state));
      same = now === before ? same + 1 : 0;
      before = now;
    }
  }
}

const nothing = (): void => {};
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const which = fc.nat(20);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('start' as const),
      user: fc.constantFrom('ada', 'bob', 'eve'),
      memory: fc.integer({ min: 1, max: room }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constantFrom('stop' as const, 'restart' as const, 'interrupt' as const, 'die' as const),
      which,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('wait' as const), ticks: fc.integer({ min: 1, max: 8 }) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('kill' as const, 'drain' as const) }) },
);

test('[Q21] whatever happens, servers killed at any moment: no start is lost, none runs twice, room is never exceeded', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 5, maxLength: 50 }), async (steps) => {
      const world = new World();
      await world.registry.adopt();
      for (const step of steps) {
        await world.perform(step);
        expect(world.place.faults).toEqual([]);
      }
      await world.settle();
      const { registry, place } = world;
      for (const id of world.promised) expect(registry.get(id), 'a start that was answered').toBeDefined();
      for (const id of place.running.keys()) {
        expect(registry.get(id)?.state.status, 'what runs is known').toMatch(/running|restarting|launching/);
      }
      // Each that waits has its turn when those before it end.
      for (let left = registry.list().length; left > 0; left--) {
        await world.settle();
        const [first] = registry.list().filter(({ isWaiting, isAlive }) => isAlive && !isWaiting);
        if (!first) break;
        await registry.stop(first.id);
      }
      await world.settle();
      expect(registry.list().filter(({ isAlive }) => isAlive)).toEqual([]);
      expect(place.running.size).toBe(0);
      expect(place.faults).toEqual([]);
    }),
    { numRuns: 60 },
  );
}, 120_000);
