// A cgroup with a limit of memory around a whole server, so that what runs out is its own and not the machine's.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Undefined where this machine does not let us: no root, or no cgroup with memory. */
export function makeMemoryBox(limitBytes) {
  for (const { folder, limitFile, others, countFile } of places()) {
    const box = join(folder, `perijove-bench-${process.pid}`);
    try {
      mkdirSync(box);
      writeFileSync(join(box, limitFile), String(limitBytes));
    } catch {
      // Not ours to write: the next one, or none.
      continue;
    }
    for (const [file, value] of Object.entries(others))
      if (existsSync(join(box, file)))
        writeFileSync(join(box, file), String(value === 'limit' ? limitBytes : value));
    return {
      /** A process that writes its number there is in the box. */
      entrance: join(box, 'cgroup.procs'),
      /** Processes that the system has killed for want of memory, in the box itself; kernels in cgroups of their own have their own counts. */
      kills: () => Number(/^oom_kill (\d+)$/m.exec(readFileSync(join(box, countFile), 'latin1'))?.[1] ?? 0),
      remove: () => removeTree(box),
    };
  }
  return undefined;
}

function places() {
  const own = readFileSync('/proc/self/cgroup', 'latin1');
  const mounts = readFileSync('/proc/self/mountinfo', 'latin1')
    .split('\n')
    .map((line) => line.split(' - ').map((part) => part.split(' ')));
  const find = (isIt, path) => {
    const [before] = mounts.find(([, after]) => after && isIt(after)) ?? [];
    if (!before || path === undefined) return [];
    const below = relative(before[3], path);
    return [join(before[4], below.startsWith('..') ? '' : below)];
  };
  const v2 = find(([type]) => type === 'cgroup2', /^0::(.*)$/m.exec(own)?.[1]);
  const v1 = find(
    ([type, , options]) => type === 'cgroup' && options.split(',').includes('memory'),
    /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(own)?.[1],
  );
  return [
    ...v2.map((folder) => ({
      folder,
      limitFile: 'memory.max',
      others: { 'memory.swap.max': 0 },
      countFile: 'memory.events',
    })),
    ...v1.map((folder) => ({
      folder,
      limitFile: 'memory.limit_in_bytes',
      others: { 'memory.memsw.limit_in_bytes': 'limit' },
      countFile: 'memory.oom_control',
    })),
  ];
}

function removeTree(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeTree(join(folder, entry.name));
  try {
    rmdirSync(folder);
  } catch (error) {
    console.log(`left behind: ${folder} (${error.code})`);
  }
}
