import { randomUUID } from 'node:crypto';
import { mkdir, rmdir } from 'node:fs/promises';
import { posix } from 'node:path';
import type { Resources } from '@perijove/kernels';
import { CgroupConfinement, type CgroupReadings } from './cgroup-confinement.ts';
import {
  again,
  isThere,
  readKey,
  readNumber,
  removeCgroup,
  writeControl,
  removeIfEmpty,
} from './cgroup-folder.ts';
import { ownCgroup, type ProcFiles } from './cgroup-place.ts';
import { available1 } from './available-memory.ts';
import { kernelsCpuWeight, type KernelsGroup, type Limiter } from './confinement.ts';
import type { Watch } from './watch.ts';

const cpuPeriodUs = 100_000;
const leastQuotaUs = 1000;
const usualShares = 1024;

/** Kernels in cgroups of version 1, below those that the server is in. Rejects with what is missing, in words. */
export async function openCgroup1(files: ProcFiles, watch: Watch, group: KernelsGroup): Promise<Limiter> {
  const memory = ownCgroup(files, 'memory');
  if (memory === undefined) throw new Error('cgroup v1 has no memory controller here');
  const others = ['cpu', 'cpuacct'].map((controller) => ownCgroup(files, controller));
  // Often these two are mounted as one.
  const bases = [...new Set([memory, ...others])]
    .filter((folder) => folder !== undefined)
    .map((folder) => posix.join(folder, group.name));
  const usable = await usableBases(bases);
  const [base = ''] = usable;
  for (const each of usable) await removeIfEmpty(each);
  const openBases = async (): Promise<void> => {
    for (const each of usable) await mkdir(each, { recursive: true });
    await setLimits(base, { memoryBytes: group.memoryBytes });
    for (const each of usable) await setWeight(each);
  };
  const recordOf = (name: string) => ({
    kind: 'cgroup1' as const,
    folders: usable.map((each) => posix.join(each, name)),
  });
  const readings = readings1;
  return {
    kind: 'cgroup1',
    sentence: 'Kernels are kept within their limits by cgroup v1.',
    async confine(name, limits) {
      const record = recordOf(name);
      // What a server that was killed has left: its counts are not this kernel's.
      for (const folder of record.folders) await removeCgroup(folder);
      try {
        await again(async () => {
          await openBases();
          for (const folder of record.folders) await mkdir(folder, { recursive: true });
        });
        for (const folder of record.folders) await setLimits(folder, limits);
      } catch (error) {
        for (const folder of record.folders) await removeCgroup(folder);
        throw error;
      }
      return new CgroupConfinement(record, { limits, readings, watch });
    },
    available: () => available1(base),
    recordOf,
  };
}

export const readings1: CgroupReadings = {
  kills: (folder) => readKey(folder, 'memory.oom_control', 'oom_kill'),
  async limitBytes(folder) {
    const limit = await readNumber(folder, 'memory.limit_in_bytes');
    // No limit is the largest number that fits, in pages.
    return limit !== undefined && limit < 2 ** 60 ? limit : undefined;
  },
  peakBytes: (folder) => readNumber(folder, 'memory.max_usage_in_bytes'),
  async usage(folders) {
    const [folder = ''] = folders;
    const current = await readNumber(folder, 'memory.usage_in_bytes');
    if (current === undefined) return undefined;
    const droppable = (await readKey(folder, 'memory.stat', 'total_inactive_file')) ?? 0;
    const times = await Promise.all(folders.map((each) => readNumber(each, 'cpuacct.usage')));
    const cpuNs = times.find((time) => time !== undefined) ?? 0;
    return { memoryBytes: Math.max(0, current - droppable), cpuSeconds: cpuNs / 1e9 };
  },
};

/** Memory must be limited; that of processors is left out where it may not be. */
async function usableBases([memory = '', ...others]: readonly string[]): Promise<string[]> {
  await probe(memory, 'memory.limit_in_bytes');
  const usable = [memory];
  for (const base of others) {
    const isUsable = await probe(base).then(
      () => true,
      () => false,
    );
    if (isUsable) usable.push(base);
  }
  return usable;
}

async function probe(base: string, control?: string): Promise<void> {
  const folder = posix.join(base, `probe-${randomUUID()}`);
  try {
    await again(async () => {
      await mkdir(base, { recursive: true });
      await mkdir(folder);
    });
  } catch (error) {
    throw new Error(`cgroup v1 may not be written in ${base} (${(error as NodeJS.ErrnoException).code})`, {
      cause: error,
    });
  }
  const isLimited = control === undefined || (await isThere(folder, control));
  await rmdir(folder);
  if (!isLimited) throw new Error(`a cgroup in ${base} has no ${control}`);
}

async function setWeight(folder: string): Promise<void> {
  if (await isThere(folder, 'cpu.shares'))
    await writeControl(folder, 'cpu.shares', Math.round(usualShares * kernelsCpuWeight));
}

/** Writes what the hierarchy of this folder has. */
async function setLimits(folder: string, { memoryBytes, cpus }: Resources): Promise<void> {
  if (memoryBytes !== undefined && (await isThere(folder, 'memory.limit_in_bytes'))) {
    const bytes = Math.floor(memoryBytes);
    // Memory and swap together: none of it is swapped. There only if the system counts swap. It is never less than the
    // memory alone, so which goes first depends on what was there.
    const both = await readNumber(folder, 'memory.memsw.limit_in_bytes');
    if (both !== undefined && both < bytes) await writeControl(folder, 'memory.memsw.limit_in_bytes', bytes);
    await writeControl(folder, 'memory.limit_in_bytes', bytes);
    if (both !== undefined && both > bytes) await writeControl(folder, 'memory.memsw.limit_in_bytes', bytes);
  }
  if (cpus !== undefined && (await isThere(folder, 'cpu.cfs_quota_us'))) {
    await writeControl(folder, 'cpu.cfs_period_us', cpuPeriodUs);
    await writeControl(folder, 'cpu.cfs_quota_us', Math.max(leastQuotaUs, Math.round(cpus * cpuPeriodUs)));
  }
}
