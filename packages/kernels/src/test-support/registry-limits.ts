import type { RegistryLimits } from '../registry-options.ts';

/** Limits for tests of the registry: time enough for real processes, and room for all. */
export const testRegistryLimits: RegistryLimits = {
  deadRetentionMs: 60_000,
  restartTimeoutMs: 5000,
  interruptTimeoutMs: 5000,
  drainTimeoutMs: 1000,
  maxKernels: 0,
  maxKernelsPerUser: 0,
  maxQueued: 100,
  maxQueuedPerUser: 50,
  maxOvertakes: 3,
  capacityIntervalMs: 50,
  positionIntervalMs: 5,
};
