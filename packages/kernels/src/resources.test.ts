import { expect, test } from 'vitest';
import type { Kernelspec } from './provisioner.ts';
import { resolveResources, type ResourceDefaults } from './resources.ts';

const gib = 2 ** 30;
const defaults: ResourceDefaults = { memoryBytes: 2 * gib, cpus: 1, cpuRequest: 0.1 };
const capacity = { memoryBytes: 20 * gib, cpus: 8 };
const spec = (resources?: unknown): Kernelspec => ({
  name: 'big',
  resourceDir: '/specs/big',
  spec: {
    argv: ['x'],
    display_name: 'Big',
    language: 'x',
    ...(resources === undefined ? {} : { metadata: { perijove: { resources } } }),
  },
});

test('[R1] a kernelspec that says nothing gets the defaults: its memory is kept for it, of its processors a part', () => {
  expect(resolveResources(spec(), { defaults, capacity })).toEqual({
    limits: { memoryBytes: 2 * gib, cpus: 1 },
    requests: { memoryBytes: 2 * gib, cpus: 0.1 },
  });
});

test('[R1] a default is never more than all kernels may have; what a kernelspec asks for may be', () => {
  const small = { memoryBytes: gib, cpus: 0.5 };
  expect(resolveResources(spec(), { defaults, capacity: small })).toEqual({
    limits: { memoryBytes: gib, cpus: 0.5 },
    requests: { memoryBytes: gib, cpus: 0.1 },
  });
  expect(resolveResources(spec({ memory: '4Gi' }), { defaults, capacity: small }).requests.memoryBytes).toBe(
    4 * gib,
  );
});

test("[R2] a kernelspec's limits and requests go before the defaults, the server's decision before both", () => {
  const kernelspec = spec({ memory: '4Gi', cpus: '500m', requests: { memory: '1Gi', cpus: 2 } });
  expect(resolveResources(kernelspec, { defaults, capacity })).toEqual({
    limits: { memoryBytes: 4 * gib, cpus: 0.5 },
    requests: { memoryBytes: gib, cpus: 0.5 },
  });
  expect(resolveResources(kernelspec, { defaults, capacity, asked: { memoryBytes: gib / 2 } })).toEqual({
    limits: { memoryBytes: gib / 2, cpus: 0.5 },
    requests: { memoryBytes: gib / 2, cpus: 0.5 },
  });
});

test('[R3] 0 is no limit, and nothing counts', () => {
  expect(resolveResources(spec(), { defaults: { memoryBytes: 0 }, capacity })).toEqual({
    limits: {},
    requests: {},
  });
});

test.each([
  [{ memory: '4GB' }, /resources of the kernelspec big: "4GB" is not a quantity/],
  [{ memory: true }, /is not as it has to be.*\/memory/],
  [7, /is not as it has to be/],
])('[R4] %j is refused with the place and what would be right', (resources, message) => {
  expect(() => resolveResources(spec(resources), { defaults, capacity })).toThrow(
    expect.objectContaining({ code: 'KERNEL_LAUNCH_FAILED', message: expect.stringMatching(message) }),
  );
});
