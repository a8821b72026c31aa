import { availableParallelism, totalmem } from 'node:os';
import type { Capacity } from '@perijove/kernels';
import type { KernelShare } from './options.ts';

const leastReserveBytes = 512 * 2 ** 20;
const mostReserveBytes = 4 * 2 ** 30;

/** What this machine has, or the container or service that this server runs in. */
export async function machineSize(): Promise<Capacity> {
  // The limit of the own cgroup; 0 or beyond all memory where there is none.
  const limit = process.constrainedMemory();
  const total = totalmem();
  return { memoryBytes: limit > 0 && limit < total ? limit : total, cpus: availableParallelism() };
}

/**
 * What kernels may have of it in all. Without a word about it: all but a tenth, at least 512 MiB, at most 4 GiB, and on a
 * machine that is smaller than that half of it.
 */
export function machineCapacity(size: Capacity, share: KernelShare = {}): Capacity {
  const wanted = Math.min(Math.max(size.memoryBytes / 10, leastReserveBytes), mostReserveBytes);
  const reserve = share.reserveBytes ?? Math.min(wanted, size.memoryBytes / 2);
  return {
    memoryBytes: share.memoryBytes ?? Math.max(0, Math.floor(size.memoryBytes - reserve)),
    cpus: share.cpus ?? size.cpus,
  };
}
