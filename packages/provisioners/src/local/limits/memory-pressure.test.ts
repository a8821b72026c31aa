import { expect, test } from 'vitest';
import { MemoryPressure, mostOver } from './memory-pressure.ts';

const mib = 2 ** 20;

test('[L8] who uses most beyond what is kept for it goes; who keeps within it never does', () => {
  expect(mostOver([])).toBeUndefined();
  expect(
    mostOver([
      { used: 5, requested: 5 },
      { used: 1, requested: 9 },
    ]),
  ).toBeUndefined();
  expect(
    mostOver([
      { used: 100, requested: 100 },
      { used: 30, requested: 10 },
      { used: 50, requested: 40 },
    ]),
  ).toBe(1);
});

test('[L8] below the mark kernels are ended, with the reason, until there is enough', async () => {
  let left = 100 * mib;
  const ended: string[] = [];
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  const kernel = (used: number, requestBytes: number) => ({
    requestBytes,
    usage: async () => ({ memoryBytes: used, cpuSeconds: 0 }),
    endForMemory: async (reason: string) => {
      ended.push(reason);
      left = 1000 * mib;
      resolve();
    },
  });
  const pressure = new MemoryPressure({
    lowBytes: 256 * mib,
    intervalMs: 1,
    kernels: () => [
      kernel(900 * mib, 1000 * mib),
      kernel(700 * mib, 500 * mib),
      kernel(600 * mib, 500 * mib),
    ],
    available: async () => left,
    onError: (error) => expect.fail(String(error)),
  });
  pressure.start();
  await promise;
  pressure.stop();
  expect(ended).toEqual([
    'out of memory: 100.0 MiB were left for all, and this kernel used 700.0 MiB, of which 500.0 MiB was kept for it',
  ]);
});
