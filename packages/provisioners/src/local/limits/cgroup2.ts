import { randomUUID } from 'node:crypto';
import { mkdir, rmdir } from 'node:fs/promises';
import { posix } from 'node:path';
import type { Resources } from '@perijove/kernels';
import { CgroupConfinement, type CgroupReadings } from './cgroup-confinement.ts';
import {
  again,
  isThere,
  processesIn,
  readControl,
  readKey,
  readNumber,
  removeCgroup,
  removeIfEmpty,
  writeControl,
  writeIfThere,
} from './cgroup-folder.ts';
import { ownCgroup, type ProcFiles } from './cgroup-place.ts';
import { available2 } from './available-memory.ts';
import { kernelsCpuWeight, type KernelsGroup, type Limiter } from './confinement.ts';
import type { Watch } from './watch.ts';

const cpuPeriodUs = 100_000;
/** The kernel of the system takes no less. */
const leastQuotaUs = 1000;
const usualWeight = 100;
const serverLeaf = 'perijove-server';
const attempts = 5;

/**
 * Kernels in cgroups of version 2, below the one that the server is in. Rejects with what is missing, in words. A cgroup whose
 * members are limited has no processes of its own but in its leaves, so the server, and whatever shares its cgroup, moves to a
 * leaf `perijove-server`; every limit that it had stays in force.
 */
export async function openCgroup2(files: ProcFiles, watch: Watch, group: KernelsGroup): Promise<Limiter> {
  const found = ownCgroup(files);
  if (found === undefined) throw new Error('cgroup v2 is not mounted');
  const own = posix.basename(found) === serverLeaf ? posix.dirname(found) : found;
  const controllers = words(await readControl(own, 'cgroup.controllers'));
  if (!controllers.includes('memory')) throw new Error(`cgroup v2 has no memory controller in ${own}`);
  const wanted = ['memory', 'cpu'].filter((controller) => controllers.includes(controller));
  const base = posix.join(own, group.name);
  await enableControllers(own, wanted);
  const openBase = async (): Promise<void> => {
    await mkdir(base, { recursive: true });
    await enableControllers(base, wanted);
    await writeControl(base, 'memory.max', Math.floor(group.memoryBytes));
    await writeIfThere(base, 'memory.swap.max', 0);
    await writeIfThere(base, 'cpu.weight', Math.round(usualWeight * kernelsCpuWeight));
  };
  await again(async () => {
    await openBase();
    await probe(base);
  });
  await removeIfEmpty(base);
  const readings = readings2;
  return {
    kind: 'cgroup2',
    sentence: 'Kernels are kept within their limits by cgroup v2.',
    async confine(name, limits) {
      const folder = posix.join(base, name);
      // What a server that was killed has left: its counts are not this kernel's.
      await removeCgroup(folder);
      await again(async () => {
        await openBase();
        await mkdir(folder);
      });
      try {
        await setLimits(folder, limits);
      } catch (error) {
        await removeCgroup(folder);
        throw error;
      }
      return new CgroupConfinement({ kind: 'cgroup2', folders: [folder] }, { limits, readings, watch });
    },
    available: () => available2(base),
    recordOf: (name) => ({ kind: 'cgroup2', folders: [posix.join(base, name)] }),
  };
}

export const readings2: CgroupReadings = {
  kills: (folder) => readKey(folder, 'memory.events', 'oom_kill'),
  limitBytes: (folder) => readNumber(folder, 'memory.max'),
  // Since Linux 5.19.
  peakBytes: (folder) => readNumber(folder, 'memory.peak'),
  async usage([folder = '']) {
    const current = await readNumber(folder, 'memory.current');
    if (current === undefined) return undefined;
    const [droppable = 0, cpuUs = 0] = [
      await readKey(folder, 'memory.stat', 'inactive_file'),
      await readKey(folder, 'cpu.stat', 'usage_usec'),
    ];
    return { memoryBytes: Math.max(0, current - droppable), cpuSeconds: cpuUs / 1e6 };
  },
};

async function setLimits(folder: string, { memoryBytes, cpus }: Resources): Promise<void> {
  if (memoryBytes !== undefined) {
    await writeControl(folder, 'memory.max', Math.floor(memoryBytes));
    // Else a kernel over its limit would make the machine slow by swapping instead of ending.
    await writeIfThere(folder, 'memory.swap.max', 0);
  }
  // A kernel without its workers, or workers without their kernel, are of no use.
  await writeIfThere(folder, 'memory.oom.group', 1);
  if (cpus !== undefined) {
    const quota = Math.max(leastQuotaUs, Math.round(cpus * cpuPeriodUs));
    await writeIfThere(folder, 'cpu.max', `${quota} ${cpuPeriodUs}`);
  }
}

/** Lets the cgroups below this one be limited; what is in it itself moves to a leaf first if it has to. */
export async function enableControllers(folder: string, controllers: readonly string[]): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const enabled = words(await readControl(folder, 'cgroup.subtree_control'));
    const missing = controllers.filter((controller) => !enabled.includes(controller));
    if (missing.length === 0) return;
    try {
      await writeControl(folder, 'cgroup.subtree_control', missing.map((name) => `+${name}`).join(' '));
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // EBUSY: it has processes. They may start others while they move.
      if (code !== 'EBUSY' || attempt === attempts)
        throw new Error(`the limits below ${folder} cannot be switched on (${code})`, { cause: error });
    }
    await moveToLeaf(folder);
  }
}

async function moveToLeaf(folder: string): Promise<void> {
  const leaf = posix.join(folder, serverLeaf);
  await mkdir(leaf, { recursive: true });
  for (const pid of await processesIn(folder)) {
    await writeControl(leaf, 'cgroup.procs', pid).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ESRCH')
        throw new Error(`process ${pid} cannot be moved to ${leaf} (${error.code})`, { cause: error });
    });
  }
}

/** Whether a cgroup can be made there, and has a limit of memory. */
async function probe(base: string): Promise<void> {
  const folder = posix.join(base, `probe-${randomUUID()}`);
  await mkdir(folder);
  const isLimited = await isThere(folder, 'memory.max');
  await rmdir(folder);
  if (!isLimited) throw new Error(`a cgroup in ${base} has no memory.max`);
}

function words(text = ''): string[] {
  return text.split(/\s+/).filter(Boolean);
}
