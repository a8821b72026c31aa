import { expect, test } from 'vitest';
import type { Usage } from './provisioner.ts';
import { isVisiblyOther, sampleOf, UsageSampler, type Sampled, type UsageSample } from './usage-sampler.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const mebibyte = 2 ** 20;

class FakeKernel implements Sampled {
  readonly id: string;
  reading: Usage | Error | undefined;
  constructor(id: string, reading: Usage | Error | undefined) {
    this.id = id;
    this.reading = reading;
  }
  async usage(): Promise<Usage | undefined> {
    if (this.reading instanceof Error) throw this.reading;
    return this.reading;
  }
}

function sampling(kernels: FakeKernel[]) {
  const told: { id: string; sample: UsageSample }[] = [];
  let now = 1000;
  const sampler = new UsageSampler<FakeKernel>({
    kernels: () => kernels,
    intervalMs: 1000,
    onChange: ({ id }, sample) => void told.push({ id, sample }),
    log: silent,
    now: () => now,
  });
  return {
    sampler,
    told,
    round: async () => {
      now += 1000;
      await sampler.sampleAll();
    },
  };
}

test('[K65] processors in use are the processor time between two samples', async () => {
  const kernel = new FakeKernel('a', { memoryBytes: 1, cpuSeconds: 10 });
  const { sampler, round } = sampling([kernel]);
  await round();
  expect(sampler.of('a')).toEqual({ at: 2000, memoryBytes: 1, cpuSeconds: 10 });
  kernel.reading = { memoryBytes: 1, cpuSeconds: 11.5 };
  await round();
  expect(sampler.of('a')?.cpus).toBe(1.5);
  // It was started again: its time begins anew.
  kernel.reading = { memoryBytes: 1, cpuSeconds: 0.2 };
  await round();
  expect(sampler.of('a')).not.toHaveProperty('cpus');
});

test('[K65] only what people would see is told, and a slow growth is in the end', async () => {
  const kernel = new FakeKernel('a', {
    memoryBytes: 100 * mebibyte,
    memoryLimitBytes: 1000 * mebibyte,
    cpuSeconds: 0,
  });
  const { told, round } = sampling([kernel]);
  await round();
  expect(told).toHaveLength(1);
  await round();
  expect(told).toHaveLength(1);
  for (let i = 1; i <= 30; i++) {
    kernel.reading = {
      memoryBytes: (100 + i) * mebibyte,
      memoryLimitBytes: 1000 * mebibyte,
      cpuSeconds: 0,
    };
    // oxlint-disable-next-line no-await-in-loop -- one round after another
    await round();
  }
  expect(told.map(({ sample }) => sample.memoryBytes / mebibyte)).toEqual([100, 110, 120, 130]);
});

test('[K65] one that cannot be read has no sample, and the others have theirs', async () => {
  const broken = new FakeKernel('a', new Error('it has ended'));
  const unknown = new FakeKernel('b', undefined);
  const many = Array.from(
    { length: 100 },
    (_, i) => new FakeKernel(`k${i}`, { memoryBytes: i, cpuSeconds: 0 }),
  );
  const { sampler, told, round } = sampling([broken, unknown, ...many]);
  await round();
  expect(sampler.of('a')).toBe(undefined);
  expect(sampler.of('b')).toBe(undefined);
  expect(told).toHaveLength(100);
  expect(sampler.of('k99')?.memoryBytes).toBe(99);
  broken.reading = { memoryBytes: 5, cpuSeconds: 0 };
  await round();
  expect(sampler.of('a')?.memoryBytes).toBe(5);
});

test('[K65] a limit that was changed is seen', () => {
  const before = sampleOf({ memoryBytes: 5, memoryLimitBytes: 1000, cpuSeconds: 0 }, undefined, 0);
  expect(isVisiblyOther({ ...before, memoryLimitBytes: 2000 }, before)).toBe(true);
  expect(isVisiblyOther({ ...before, cpus: 0.5 }, before)).toBe(true);
  expect(isVisiblyOther({ ...before, at: 5000 }, before)).toBe(false);
});

test('[K65] sampling ends when it is aborted', async () => {
  const kernel = new FakeKernel('a', { memoryBytes: 1, cpuSeconds: 10 });
  const { sampler } = sampling([kernel]);
  const ending = new AbortController();
  const running = sampler.run(ending.signal);
  ending.abort();
  await running;
  expect(sampler.of('a')).toBe(undefined);
});
