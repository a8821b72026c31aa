import { parseQuantity } from '@perijove/protocol';
import { Type, type Static, type TObject } from 'typebox';
import type { LimitsMode } from './limits/limits.ts';

/** Settings of kernels on this machine. */
export const machineOptions = {
  memory: {
    schema: Type.String({ default: '', format: 'quantity' }),
    help: 'Memory that all kernels on this machine may have together. Empty: the memory of the machine, or of the container or service that the server runs in, less the reserve.',
  },
  cpus: {
    schema: Type.String({ default: '', format: 'quantity' }),
    help: 'Processors that all kernels on this machine may have together. Empty: all that there are.',
  },
  memoryReserve: {
    schema: Type.String({ default: '', format: 'quantity' }),
    help: 'Memory that is kept from kernels, for the server and the system. Empty: a tenth, at least 512Mi, at most 4Gi.',
  },
  lowMemory: {
    schema: Type.String({ default: '', format: 'quantity' }),
    help: 'When the machine has less than this left, the kernel that uses most beyond what is kept for it is ended. Empty: a quarter of the reserve. 0: never.',
  },
  limits: {
    schema: Type.Union(
      ['auto', 'cgroup2', 'cgroup1', 'guard', 'off'].map((mode) => Type.Literal(mode)),
      { default: 'auto' },
    ),
    help: 'What keeps kernels within their limits: the system, by cgroups of version 2 or 1, or a guard that looks at how much memory they use and ends those that use too much. auto: the first of these that can be had.',
  },
  guardIntervalS: {
    schema: Type.Number({ default: 0.1, minimum: 0.02, maximum: 10 }),
    help: 'Where a guard keeps kernels within their limits: seconds between two looks when one uses more than half of what it may, else three times as long.',
  },
  kernelAccounts: {
    schema: Type.Union(
      ['', 'same', 'users', 'range'].map((mode) => Type.Literal(mode)),
      { default: '' },
    ),
    help: "Which accounts of this machine the kernels and terminals of users run as, if the server is root. same: all as the server. users: each as the account of the user's name. range: each user's as a number of their own. Empty: same, if there is one user; where there are more, it has to be said.",
  },
  kernelAccountRange: {
    schema: Type.String({ default: '200000-265535', pattern: '^[1-9][0-9]{2,8}-[1-9][0-9]{2,8}$' }),
    help: 'The numbers of accounts (uid and gid) for --kernel-accounts range.',
  },
  kernelAccountsDir: {
    schema: Type.String({ default: '/var/lib/perijove/accounts' }),
    help: "Folder of those accounts' connection files, sockets and, for range, home folders. All accounts must be able to pass through it.",
  },
  inheritedEnvs: {
    schema: Type.Array(Type.String(), { default: [] }),
    help: "Environment variables of the server that kernels get besides those that every program needs. AWS_* stands for several, * for all but the server's own.",
  },
} as const;

export type MachineOptionValues = Readonly<
  Static<TObject<{ -readonly [K in keyof typeof machineOptions]: (typeof machineOptions)[K]['schema'] }>>
>;

/** What of the machine kernels may have. Absent: not said. */
export interface KernelShare {
  readonly memoryBytes?: number;
  readonly cpus?: number;
  readonly reserveBytes?: number;
  /** Below that a kernel is ended. */
  readonly lowBytes?: number;
}

/** The settings as the local provisioner takes them. */
export function machineSettingsOf(options: MachineOptionValues): {
  share: KernelShare;
  limits: LimitsMode;
  guardIntervalMs: number;
  inheritedVariables: readonly string[];
} {
  const { memory, cpus, memoryReserve, lowMemory } = options;
  return {
    share: {
      ...(memory === '' ? {} : { memoryBytes: parseQuantity(memory) }),
      ...(cpus === '' ? {} : { cpus: parseQuantity(cpus) }),
      ...(memoryReserve === '' ? {} : { reserveBytes: parseQuantity(memoryReserve) }),
      ...(lowMemory === '' ? {} : { lowBytes: parseQuantity(lowMemory) }),
    },
    limits: options.limits,
    guardIntervalMs: options.guardIntervalS * 1000,
    inheritedVariables: options.inheritedEnvs,
  };
}
