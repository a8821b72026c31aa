import type { ProcessIdentity, Resources, Usage } from '@perijove/kernels';
import { formatMemory } from '@perijove/protocol';
import type { Confinement, Limiter, OutOfMemory } from './confinement.ts';
import type { GroupUse, Processes } from './processes.ts';
import { sharedOnce } from './proc-processes.ts';
import { Watch } from './watch.ts';

export interface GuardOptions {
  readonly processes: Processes;
  /** How often kernels are looked at when one of them uses more than half of what it may; else a third as often. */
  readonly intervalMs: number;
  /** Why nothing better is in force. */
  readonly because: string;
  readonly onError: (error: unknown) => void;
}

/**
 * Where the system does not keep kernels within limits, we look at how much they use, several times a second, and end what is
 * over. Processors are not limited so. A kernel that takes much at once goes over before it is seen.
 */
export class Guard implements Limiter {
  readonly kind = 'guard';
  readonly sentence: string;
  readonly #options: GuardOptions;
  readonly #guarded = new Set<GuardedKernel>();
  readonly #watch: Watch;
  #isPressing = false;
  #stop: (() => void) | undefined;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.sentence = `Kernels are watched ${Math.round(1000 / options.intervalMs)} times a second and ended when they use more memory than they may; processors are not limited (${options.because}).`;
    this.#watch = new Watch(
      () => (this.#isPressing ? options.intervalMs : options.intervalMs * 3),
      options.onError,
    );
  }

  async confine(_name: string, limits: Resources): Promise<Confinement> {
    return this.guard(limits);
  }

  async available(): Promise<undefined> {
    return undefined;
  }

  recordOf(): { kind: 'guard' } {
    return { kind: 'guard' };
  }

  guard(limits: Resources): Confinement {
    return new GuardedKernel(limits, {
      add: (kernel) => {
        this.#guarded.add(kernel);
        this.#stop ??= this.#watch.add(() => this.#look());
      },
      remove: (kernel) => {
        this.#guarded.delete(kernel);
        if (this.#guarded.size > 0) return;
        this.#stop?.();
        this.#stop = undefined;
      },
      measure: async (leader) => (await this.#options.processes.measure(this.#leaders(leader))).get(leader),
    });
  }

  async #look(): Promise<void> {
    const uses = await this.#options.processes.measure(this.#leaders());
    this.#isPressing = false;
    for (const kernel of this.#guarded) {
      const use = uses.get(kernel.leader);
      if (use && kernel.see(use)) this.#isPressing = true;
    }
  }

  #leaders(...more: readonly number[]): number[] {
    return [...new Set([...more, ...[...this.#guarded].map(({ leader }) => leader)])];
  }
}

interface Owner {
  add(kernel: GuardedKernel): void;
  remove(kernel: GuardedKernel): void;
  measure(leader: number): Promise<GroupUse | undefined>;
}

class GuardedKernel implements Confinement {
  readonly record = { kind: 'guard' } as const;
  readonly entrances: readonly string[] = [];
  /** The system may kill it too, of which only the system knows. */
  readonly isExact = false;
  leader = 0;
  readonly #limits: Resources;
  readonly #owner: Owner;
  #onOutOfMemory: (() => void) | undefined;
  #outOfMemory: OutOfMemory | undefined;

  constructor(limits: Resources, owner: Owner) {
    this.#limits = limits;
    this.#owner = owner;
  }

  watch(leader: ProcessIdentity, onOutOfMemory: () => void): void {
    this.leader = leader.pid;
    this.#onOutOfMemory = onOutOfMemory;
    this.#owner.add(this);
  }

  /** Ends the kernel if it uses too much. Returns whether it is near that. */
  see(use: GroupUse): boolean {
    const { memoryBytes: limit } = this.#limits;
    if (limit === undefined) return false;
    if (this.#outOfMemory === undefined && use.memoryBytes > limit) {
      const used = use.pids.length > 1 ? (sharedOnce(use.pids) ?? use.memoryBytes) : use.memoryBytes;
      if (used > limit) this.#outOfMemory = `out of memory: used ${formatMemory(used, limit)}`;
    }
    if (this.#outOfMemory !== undefined) this.#onOutOfMemory?.();
    return use.memoryBytes > limit / 2;
  }

  async outOfMemory(): Promise<OutOfMemory | undefined> {
    return this.#outOfMemory;
  }

  async usage(): Promise<Usage | undefined> {
    const use = await this.#owner.measure(this.leader);
    if (!use) return undefined;
    const { memoryBytes: limit } = this.#limits;
    const { memoryBytes, cpuSeconds } = use;
    return { memoryBytes, cpuSeconds, ...(limit === undefined ? {} : { memoryLimitBytes: limit }) };
  }

  async remove(): Promise<void> {
    this.#owner.remove(this);
  }
}
