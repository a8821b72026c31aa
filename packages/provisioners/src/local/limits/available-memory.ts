import { readFile } from 'node:fs/promises';
import { readKey, readNumber } from './cgroup-folder.ts';
import { ownCgroup, withThoseAbove, type ProcFiles } from './cgroup-place.ts';

/** What could still be taken before the machine swaps, or the container's limit is reached. Undefined: not known here. */
export async function availableMemory(files: ProcFiles): Promise<number | undefined> {
  const known = [await ofMachine(), await ofCgroup2(files), await ofCgroup1(files)].filter(
    (bytes) => bytes !== undefined,
  );
  return known.length > 0 ? Math.min(...known) : undefined;
}

async function ofMachine(): Promise<number | undefined> {
  const text = await readFile('/proc/meminfo', 'latin1').catch(() => '');
  const kibibytes = /^MemAvailable:\s+(\d+) kB$/m.exec(text)?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}

async function ofCgroup2(files: ProcFiles): Promise<number | undefined> {
  const folder = ownCgroup(files);
  if (folder === undefined) return undefined;
  // The server may be in a leaf that has no limit of its own.
  const known = (await Promise.all(withThoseAbove(folder).map(available2))).filter(
    (bytes) => bytes !== undefined,
  );
  return known.length > 0 ? Math.min(...known) : undefined;
}

async function ofCgroup1(files: ProcFiles): Promise<number | undefined> {
  const folder = ownCgroup(files, 'memory');
  return folder === undefined ? undefined : available1(folder);
}

/** Of a cgroup of version 2 with a limit. */
export async function available2(folder: string): Promise<number | undefined> {
  return left(
    await readNumber(folder, 'memory.max'),
    await readNumber(folder, 'memory.current'),
    await readKey(folder, 'memory.stat', 'inactive_file'),
  );
}

/** Of a cgroup of version 1. */
export async function available1(folder: string): Promise<number | undefined> {
  return left(
    await readNumber(folder, 'memory.limit_in_bytes'),
    await readNumber(folder, 'memory.usage_in_bytes'),
    await readKey(folder, 'memory.stat', 'total_inactive_file'),
  );
}

function left(limit?: number, used?: number, droppable = 0): number | undefined {
  return limit === undefined || used === undefined ? undefined : Math.max(0, limit - used + droppable);
}
