import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { GroupUse, Processes } from './processes.ts';

/** macOS and others without /proc: one `ps` for all kernels. */
export class PsProcesses implements Processes {
  async measure(leaders: readonly number[]): Promise<ReadonlyMap<number, GroupUse>> {
    const { stdout } = await promisify(execFile)('/bin/ps', ['-axo', 'pid=,ppid=,pgid=,rss=,time='], {
      maxBuffer: 64 * 1024 * 1024,
    });
    return groupUses(stdout, leaders);
  }
}

interface Row {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly memoryBytes: number;
  readonly cpuSeconds: number;
}

/** Who is in the process group of a leader, or descends from it. */
export function groupUses(text: string, leaders: readonly number[]): ReadonlyMap<number, GroupUse> {
  const rows = text.split('\n').flatMap((line) => asRow(line) ?? []);
  const byPid = new Map(rows.map((row) => [row.pid, row]));
  const wanted = new Set(leaders);
  const leaderOf = (row: Row | undefined, depth = 0): number | undefined => {
    // A parent may have had its number from a process that is gone: no chain is followed for ever.
    if (!row || depth > 100) return undefined;
    if (wanted.has(row.group)) return row.group;
    return leaderOf(byPid.get(row.parent), depth + 1);
  };
  const uses = new Map<number, { pids: number[]; memoryBytes: number; cpuSeconds: number }>();
  for (const row of rows) {
    const leader = leaderOf(row);
    if (leader === undefined) continue;
    const use = uses.get(leader) ?? { pids: [], memoryBytes: 0, cpuSeconds: 0 };
    if (row.pid !== leader) {
      use.pids.push(row.pid);
      use.memoryBytes += row.memoryBytes;
    }
    use.cpuSeconds += row.cpuSeconds;
    uses.set(leader, use);
  }
  return uses;
}

function asRow(line: string): Row | undefined {
  const [pid, parent, group, kibibytes, time] = line.trim().split(/\s+/);
  if (pid === undefined || parent === undefined || group === undefined || time === undefined)
    return undefined;
  return {
    pid: Number(pid),
    parent: Number(parent),
    group: Number(group),
    memoryBytes: Number(kibibytes) * 1024,
    cpuSeconds: seconds(time),
  };
}

/** `1-02:03:04`, `02:03:04`, `3:04.56`. */
function seconds(time: string): number {
  const [rest = '', days = '0'] = time.split('-').toReversed();
  return rest.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) + Number(days) * 86_400;
}
