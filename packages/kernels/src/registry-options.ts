import type { AdmissionLimits } from './admission.ts';
import type { KernelBusEvent } from './kernel-events.ts';
import type { KernelStore } from './kernel-store.ts';
import type { LifeChannels } from './life-channels.ts';
import type { LifecyclePolicy } from './lifecycle-events.ts';
import type { Log } from './log.ts';
import type { Kernelspec, Provisioner, Resources } from './provisioner.ts';
import type { ResourceDefaults } from './resources.ts';

/** What a kernel is to be started as. Checked and decided by the caller: nothing here comes from a client as it is. */
export interface StartRequest {
  /** Absent: a new one. Taken by a living kernel: KERNEL_ID_TAKEN. */
  readonly id?: string;
  /** The kernelspec's name. Absent: the default. */
  readonly name?: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly username: string;
  readonly resources?: Resources;
}

export interface RegistryLimits extends AdmissionLimits {
  /** How long a dead kernel is listed, so that clients can read why. */
  readonly deadRetentionMs: number;
  /** How long a restart waits for the new kernel's first reply before it answers that there is none. */
  readonly restartTimeoutMs: number;
  /** How long an interrupt by message waits for its reply. */
  readonly interruptTimeoutMs: number;
  /** How long a drain waits for launches to say where the kernel is. */
  readonly drainTimeoutMs: number;
  /** How often a place is asked how much room it has while somebody waits for it, and how long a first start waits for the answer. */
  readonly capacityIntervalMs: number;
  /** At most so often a waiting kernel's new position is told. */
  readonly positionIntervalMs: number;
}

/** What a kernel's environment has whatever its client says. */
export type SystemEnv = (kernel: {
  readonly id: string;
  readonly kernelspec: Kernelspec;
  readonly username: string;
}) => Readonly<Record<string, string>>;

export interface KernelRegistryOptions<C extends LifeChannels> {
  readonly kernelspecs: {
    get(name: string): Promise<Kernelspec | undefined>;
    defaultName(): Promise<string>;
  };
  readonly provisioners: ReadonlyMap<string, Provisioner>;
  readonly defaultProvisioner: string;
  /** Limits of kernels whose kernelspec names none; absent: none. */
  readonly resources?: ResourceDefaults;
  readonly systemEnv?: SystemEnv;
  readonly store: KernelStore;
  readonly policy: LifecyclePolicy;
  readonly limits: RegistryLimits;
  readonly log: Log;
  readonly now: () => number;
  readonly openChannels: (kernelId: string) => C;
  readonly onEvent?: (event: KernelBusEvent) => void;
}
