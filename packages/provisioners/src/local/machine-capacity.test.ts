import { expect, test } from 'vitest';
import { machineCapacity } from './machine-capacity.ts';

const gib = 2 ** 30;

test.each([
  ['a tenth is kept', 20 * gib, {}, 18 * gib],
  ['at least 512 MiB', 2 * gib, {}, 1.5 * gib],
  ['at most 4 GiB', 256 * gib, {}, 252 * gib],
  ['never more than half', 0.5 * gib, {}, 0.25 * gib],
  ['what is said', 8 * gib, { reserveBytes: gib }, 7 * gib],
  [
    'what kernels may have goes before the reserve',
    8 * gib,
    { memoryBytes: gib, reserveBytes: 4 * gib },
    gib,
  ],
])('[X16] of the memory %s', (_what, memoryBytes, share, expected) => {
  expect(machineCapacity({ memoryBytes, cpus: 4 }, share)).toEqual({ memoryBytes: expected, cpus: 4 });
});

test('[X16] processors: all, or what is said', () => {
  expect(machineCapacity({ memoryBytes: gib, cpus: 4 }, { cpus: 1.5 }).cpus).toBe(1.5);
});
