import { posix } from 'node:path';
import type { ProcessIdentity, Resources, Usage } from '@perijove/kernels';
import { formatMemory } from '@perijove/protocol';
import { removeCgroup, removeIfEmpty } from './cgroup-folder.ts';
import type { Confinement, ConfinementRecord, OutOfMemory } from './confinement.ts';
import type { Watch } from './watch.ts';

/** What the two versions of cgroups have under different names. */
export interface CgroupReadings {
  /** Processes of it that the system has killed for want of memory. */
  kills(folder: string): Promise<number | undefined>;
  limitBytes(folder: string): Promise<number | undefined>;
  /** The most that it ever used. */
  peakBytes(folder: string): Promise<number | undefined>;
  usage(folders: readonly string[]): Promise<Pick<Usage, 'memoryBytes' | 'cpuSeconds'> | undefined>;
}

/** A peak that is nearer than this to the limit was stopped by it. */
const nearLimit = 0.95;

/** A kernel in a cgroup of its own: the system itself keeps it within its limits. */
export class CgroupConfinement implements Confinement {
  readonly record: Extract<ConfinementRecord, { folders: string[] }>;
  readonly isExact = true;
  readonly #limits: Resources;
  readonly #readings: CgroupReadings;
  readonly #watch: Watch;
  #unwatch: (() => void) | undefined;

  constructor(
    record: Extract<ConfinementRecord, { folders: string[] }>,
    { limits, readings, watch }: { limits: Resources; readings: CgroupReadings; watch: Watch },
  ) {
    this.record = record;
    this.#limits = limits;
    this.#readings = readings;
    this.#watch = watch;
  }

  get entrances(): readonly string[] {
    return this.record.folders.map((folder) => posix.join(folder, 'cgroup.procs'));
  }

  /** Version 1 kills one process, and so does version 2 before Linux 4.19: a kernel whose worker was killed would wait for it. */
  watch(_leader: ProcessIdentity, onOutOfMemory: () => void): void {
    this.#unwatch?.();
    this.#unwatch = this.#watch.add(async () => {
      if (((await this.#readings.kills(this.#memoryFolder)) ?? 0) > 0) onOutOfMemory();
    });
  }

  async outOfMemory(): Promise<OutOfMemory | undefined> {
    const kills = await this.#readings.kills(this.#memoryFolder);
    if (kills === undefined || kills === 0) return undefined;
    const limit = this.#limits.memoryBytes ?? (await this.#readings.limitBytes(this.#memoryFolder));
    const used = await this.#readings.peakBytes(this.#memoryFolder);
    if (limit !== undefined && (used === undefined || used >= limit * nearLimit)) {
      return `out of memory: used ${formatMemory(Math.min(used ?? limit, limit), limit)}`;
    }
    const amounts = [used, limit].filter((amount) => amount !== undefined);
    const told = amounts.length > 0 ? `: used ${formatMemory(...amounts)}` : '';
    return `out of memory${told}, and all kernels together, or the machine, had no more`;
  }

  async usage(): Promise<Usage | undefined> {
    const usage = await this.#readings.usage(this.record.folders);
    const { memoryBytes, cpus } = this.#limits;
    return (
      usage && {
        ...usage,
        ...(memoryBytes === undefined ? {} : { memoryLimitBytes: memoryBytes }),
        ...(cpus === undefined ? {} : { cpus }),
      }
    );
  }

  async remove(): Promise<void> {
    this.#unwatch?.();
    this.#unwatch = undefined;
    for (const folder of this.record.folders) {
      await removeCgroup(folder);
      await removeIfEmpty(posix.dirname(folder));
    }
  }

  get #memoryFolder(): string {
    return this.record.folders[0] ?? '';
  }
}
