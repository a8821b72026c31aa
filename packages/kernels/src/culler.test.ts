import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isCullable, type CullingPolicy, type Idleness } from './culler.ts';

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
