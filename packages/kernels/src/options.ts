import { parseQuantity } from '@perijove/protocol';
import { Type, type Static, type TObject, type TSchema } from 'typebox';
import type { CullingPolicy } from './culler.ts';
import type { RegistryLimits } from './registry-options.ts';
import type { LifecyclePolicy } from './lifecycle-events.ts';
import type { ResourceDefaults } from './resources.ts';

/** Settings of kernels' lives, and of what clients may ask of them. */
export const kernelOptions = {
  autoRestart: {
    schema: Type.Boolean({ default: true }),
    help: 'Start a kernel again that died by itself; never after it ran out of memory.',
  },
  restartLimit: {
    schema: Type.Integer({ default: 5, minimum: 0 }),
    help: 'How many times in a row a kernel that dies by itself is started again.',
  },
  stableAfterS: {
    schema: Type.Number({ default: 10, minimum: 0 }),
    help: 'Seconds after which a kernel that was started again counts as well: its restarts are counted anew.',
  },
  launchAttempts: {
    schema: Type.Integer({ default: 3, minimum: 1 }),
    help: 'How many times a start is tried when what went wrong may pass, as a port that was taken meanwhile.',
  },
  launchTimeoutS: {
    schema: Type.Number({ default: 60, exclusiveMinimum: 0, maximum: 86_400 }),
    help: 'Seconds until a kernel must have been started where it runs.',
  },
  replyTimeoutS: {
    schema: Type.Number({ default: 600, exclusiveMinimum: 0, maximum: 86_400 }),
    help: 'Seconds until a kernel that was started must have given its first reply.',
  },
  restartTimeoutS: {
    schema: Type.Number({ default: 60, exclusiveMinimum: 0, maximum: 86_400 }),
    help: 'Seconds that a request to restart waits for the first reply. The kernel may still come later.',
  },
  interruptTimeoutS: {
    schema: Type.Number({ default: 10, exclusiveMinimum: 0, maximum: 3600 }),
    help: 'Seconds that a request to interrupt waits for the reply of a kernel that is interrupted by message.',
  },
  shutdownGraceS: {
    schema: Type.Number({ default: 5, minimum: 0, maximum: 3600 }),
    help: 'Seconds a kernel has to end: half after it was asked, half after SIGTERM; then it is killed.',
  },
  deadRetentionS: {
    schema: Type.Number({ default: 3600, minimum: 0 }),
    help: 'Seconds that a dead kernel stays listed, so that its reason can be read and it can be restarted.',
  },
  kernelDrainTimeoutS: {
    schema: Type.Number({ default: 5, minimum: 0 }),
    help: 'Seconds that the end of the server waits for kernels that are just being started.',
  },
  maxKernels: {
    schema: Type.Integer({ default: 0, minimum: 0 }),
    help: 'Kernels that may run at a time; further ones wait. 0: as many as there is room for.',
  },
  maxKernelsPerUser: {
    schema: Type.Integer({ default: 0, minimum: 0 }),
    help: 'Kernels that a user may have running at a time; further ones wait. 0: no limit.',
  },
  maxQueued: {
    schema: Type.Integer({ default: 1000, minimum: 0 }),
    help: 'Kernels that may wait for room; further starts are refused.',
  },
  maxQueuedPerUser: {
    schema: Type.Integer({ default: 100, minimum: 0 }),
    help: 'Kernels of one user that may wait for room; further starts are refused.',
  },
  maxOvertakes: {
    schema: Type.Integer({ default: 10, minimum: 0 }),
    help: 'How often a waiting kernel may be passed by later ones that need less, before they wait for it.',
  },
  capacityIntervalS: {
    schema: Type.Number({ default: 10, exclusiveMinimum: 0, maximum: 3600 }),
    help: 'While kernels wait, seconds between two looks whether there is more room in all.',
  },
  queuePositionIntervalS: {
    schema: Type.Number({ default: 0.5, minimum: 0, maximum: 60 }),
    help: "Seconds between two events that tell of a waiting kernel's new position.",
  },
  activityWriteS: {
    schema: Type.Number({ default: 2, minimum: 0 }),
    help: "At most so many seconds of a kernel's activity are forgotten when the server is killed.",
  },
  usageIntervalS: {
    schema: Type.Number({ default: 2, minimum: 0.2, maximum: 3600 }),
    help: 'Seconds between two looks at the memory and processors that kernels use.',
  },
  allowedEnvs: {
    schema: Type.Array(Type.String(), { default: [] }),
    help: 'Environment variables besides KERNEL_* that a client may set for its kernel.',
  },
} as const;

/** Which kernelspecs are offered. */
export const kernelspecOptions = {
  allowedKernelspecs: {
    schema: Type.Array(Type.String(), { default: [] }),
    help: 'Names of the kernelspecs that may be started; none given: all that are found.',
  },
  defaultKernelName: {
    schema: Type.String({ default: '' }),
    help: 'The kernelspec that a client gets that names none. Empty: python3, else another one for Python, else the first.',
  },
} as const;

/** Limits of kernels whose kernelspec names none. */
export const resourceOptions = {
  kernelMemory: {
    schema: Type.String({ default: '2Gi', format: 'quantity' }),
    help: "Memory that a kernel may use, never more than all kernels may have. It counts whole where room is shared out. 0: no limit. A kernelspec's metadata.perijove.resources goes before it.",
  },
  kernelCpus: {
    schema: Type.String({ default: '1', format: 'quantity' }),
    help: "Processors' time that a kernel may use: 2, or 500m for half of one. 0: no limit.",
  },
  kernelCpuRequest: {
    schema: Type.String({ default: '100m', format: 'quantity' }),
    help: "What a kernel counts of all kernels' processors, at most what it may use: it seldom uses all of that.",
  },
} as const;

/** Settings of stopping idle kernels; Jupyter's names and meaning. */
export const cullingOptions = {
  cullIdleTimeout: {
    schema: Type.Integer({ default: 0, minimum: 0 }),
    help: "Stop a kernel that has been idle this many seconds. 0 keeps it for ever. A kernelspec's metadata.cull_idle_timeout goes before it.",
  },
  cullInterval: {
    schema: Type.Integer({ default: 300, minimum: 1 }),
    help: 'Seconds between two looks for idle kernels.',
  },
  cullConnected: {
    schema: Type.Boolean({ default: false }),
    help: 'Stop idle kernels also while a client is connected.',
  },
  cullBusy: {
    schema: Type.Boolean({ default: false }),
    help: 'Stop kernels also that have been busy all the while.',
  },
} as const;

type Values<T extends Readonly<Record<string, { readonly schema: TSchema }>>> = Readonly<
  Static<TObject<{ -readonly [K in keyof T]: T[K]['schema'] }>>
>;
export type KernelOptionValues = Values<typeof kernelOptions>;
export type ResourceOptionValues = Values<typeof resourceOptions>;
export type CullingOptions = Values<typeof cullingOptions>;

/** The settings in the units of those who use them. */
export function lifecyclePolicyOf(options: KernelOptionValues): {
  policy: LifecyclePolicy;
  limits: RegistryLimits;
} {
  return {
    policy: {
      autoRestart: options.autoRestart,
      restartLimit: options.restartLimit,
      stableAfterMs: options.stableAfterS * 1000,
      launchAttempts: options.launchAttempts,
      launchTimeoutMs: options.launchTimeoutS * 1000,
      replyTimeoutMs: options.replyTimeoutS * 1000,
      shutdownGraceMs: options.shutdownGraceS * 1000,
    },
    limits: {
      deadRetentionMs: options.deadRetentionS * 1000,
      restartTimeoutMs: options.restartTimeoutS * 1000,
      interruptTimeoutMs: options.interruptTimeoutS * 1000,
      drainTimeoutMs: options.kernelDrainTimeoutS * 1000,
      maxKernels: options.maxKernels,
      maxKernelsPerUser: options.maxKernelsPerUser,
      maxQueued: options.maxQueued,
      maxQueuedPerUser: options.maxQueuedPerUser,
      maxOvertakes: options.maxOvertakes,
      capacityIntervalMs: options.capacityIntervalS * 1000,
      positionIntervalMs: options.queuePositionIntervalS * 1000,
    },
  };
}

export function resourceDefaultsOf(options: ResourceOptionValues): ResourceDefaults {
  return {
    memoryBytes: parseQuantity(options.kernelMemory),
    cpus: parseQuantity(options.kernelCpus),
    cpuRequest: parseQuantity(options.kernelCpuRequest),
  };
}

export function cullingPolicyOf(options: CullingOptions): CullingPolicy {
  return {
    idleTimeoutMs: options.cullIdleTimeout * 1000,
    cullConnected: options.cullConnected,
    cullBusy: options.cullBusy,
  };
}
