import type { Log, Resources } from '@perijove/kernels';
import { CgroupConfinement } from './cgroup-confinement.ts';
import { openCgroup1, readings1 } from './cgroup1.ts';
import { openCgroup2, readings2 } from './cgroup2.ts';
import { readProcFiles, type ProcFiles } from './cgroup-place.ts';
import type { Confinement, ConfinementRecord, KernelsGroup, Limiter, LimitsKind } from './confinement.ts';
import { Guard } from './guard.ts';
import { ProcProcesses } from './proc-processes.ts';
import { PsProcesses } from './ps-processes.ts';
import { Watch } from './watch.ts';

export type LimitsMode = 'auto' | LimitsKind;

/** What is in force. */
export interface LimitsInForce {
  readonly kind: LimitsKind;
  /** For people, without jargon where that is possible. */
  readonly sentence: string;
}

export interface LimitsOptions {
  readonly mode: LimitsMode;
  /** How often the guard looks when it matters. */
  readonly guardIntervalMs: number;
  /** How often the kernels' cgroups are looked at for a part of one that was killed. */
  readonly cgroupIntervalMs: number;
  readonly group: KernelsGroup;
  readonly log: Log;
  /** Absent: what /proc says of this process. */
  readonly files?: ProcFiles;
}

/** Keeps kernels within their limits in the best way that there is here. Chosen when it is first needed. */
export class Limits {
  readonly #options: LimitsOptions;
  readonly #watch: Watch;
  #chosen: Promise<Limiter> | undefined;
  #guard: Guard | undefined;

  constructor(options: LimitsOptions) {
    this.#options = options;
    this.#watch = new Watch(() => options.cgroupIntervalMs, this.#onError);
  }

  /** Rejects if a certain way was asked for and is not to be had. */
  async inForce(): Promise<LimitsInForce> {
    const { kind, sentence } = await this.#choose();
    return { kind, sentence };
  }

  /** What is left of all that kernels may have together; undefined where nothing keeps them within that. */
  async available(): Promise<number | undefined> {
    return (await this.#choose()).available();
  }

  async confine(name: string, limits: Resources): Promise<Confinement> {
    return (await this.#choose()).confine(name, limits);
  }

  /** Finds what an earlier server has confined a kernel in, by what was written down or by its name. */
  async recall(record: ConfinementRecord | undefined, name: string, limits: Resources): Promise<Confinement> {
    const known = record ?? (await this.#choose()).recordOf(name);
    switch (known.kind) {
      case 'cgroup2':
        return new CgroupConfinement(known, { limits, readings: readings2, watch: this.#watch });
      case 'cgroup1':
        return new CgroupConfinement(known, { limits, readings: readings1, watch: this.#watch });
      case 'guard':
        return this.#guardBecause('').guard(this.#options.mode === 'off' ? {} : limits);
    }
  }

  #choose(): Promise<Limiter> {
    this.#chosen ??= this.#open();
    return this.#chosen;
  }

  async #open(): Promise<Limiter> {
    const { mode, group } = this.#options;
    const files = this.#options.files ?? (await readProcFiles());
    switch (mode) {
      case 'cgroup2':
        return openCgroup2(files, this.#watch, group);
      case 'cgroup1':
        return openCgroup1(files, this.#watch, group);
      case 'guard':
        return this.#guardBecause('as --limits says');
      case 'off':
        return off(this.#guardBecause(''));
      case 'auto':
        break;
    }
    const reasons: string[] = [];
    for (const open of [openCgroup2, openCgroup1]) {
      try {
        return await open(files, this.#watch, group);
      } catch (error) {
        reasons.push(error instanceof Error ? error.message : String(error));
      }
    }
    return this.#guardBecause(reasons.join('; '));
  }

  #guardBecause(because: string): Guard {
    this.#guard ??= new Guard({
      processes: process.platform === 'linux' ? new ProcProcesses() : new PsProcesses(),
      intervalMs: this.#options.guardIntervalMs,
      because,
      onError: this.#onError,
    });
    return this.#guard;
  }

  readonly #onError = (error: unknown): void => {
    this.#options.log.warn({ err: error }, 'kernels cannot be looked at for their limits');
  };
}

function off(guard: Guard): Limiter {
  return {
    kind: 'off',
    sentence: 'Kernels may use all memory and processors of this machine (--limits off).',
    confine: async () => guard.guard({}),
    available: async () => undefined,
    recordOf: () => ({ kind: 'guard' }),
  };
}
