import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import type { Capacity } from '@perijove/kernels';
import { ownCgroup, readLimit, withThoseAbove } from './limits/cgroup-place.ts';
import type { KernelShare } from './options.ts';

const leastReserveBytes = 512 * 2 ** 20;
const mostReserveBytes = 4 * 2 ** 30;

/** What this machine has, or the container or service that this server runs in. */
export function machineSize(): Capacity {
  // The limit of the own cgroup; 0 or beyond all memory where there is none. Where that is a leaf (cgroup2.ts), those above count.
  const own = process.constrainedMemory();
  const limits = [own > 0 ? own : Infinity, ...limitsAbove(), totalmem()];
  return { memoryBytes: Math.min(...limits), cpus: availableParallelism() };
}

function limitsAbove(): number[] {
  try {
    const read = (name: string) => readFileSync(`/proc/self/${name}`, 'utf8');
    const own = ownCgroup({ mountinfo: read('mountinfo'), cgroup: read('cgroup') });
    return own === undefined ? [] : withThoseAbove(own).map((folder) => readLimit(folder) ?? Infinity);
  } catch {
    // No /proc: nothing like it here.
    return [];
  }
}

/**
 * What kernels may have of it in all. Without a word about it: all but a tenth, at least 512 MiB, at most 4 GiB, and on a
 * machine that is smaller than that half of it.
 */
export function machineCapacity(size: Capacity, share: KernelShare = {}): Capacity {
  return {
    memoryBytes: share.memoryBytes ?? Math.max(0, Math.floor(size.memoryBytes - reserveBytes(size, share))),
    cpus: share.cpus ?? size.cpus,
  };
}

/** So little is left that a kernel has to go before all of the machine suffers: a quarter of the reserve, if nothing else is said. */
export function lowMemoryBytes(size: Capacity, share: KernelShare = {}): number {
  return share.lowBytes ?? Math.floor(reserveBytes(size, share) / 4);
}

function reserveBytes(size: Capacity, share: KernelShare): number {
  const wanted = Math.min(Math.max(size.memoryBytes / 10, leastReserveBytes), mostReserveBytes);
  return share.reserveBytes ?? Math.min(wanted, size.memoryBytes / 2);
}
