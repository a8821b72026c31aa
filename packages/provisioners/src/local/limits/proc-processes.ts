import { readFileSync } from 'node:fs';
import { readStat } from '@perijove/kernels';
import { processesWhere } from '../session-members.ts';
import type { GroupUse, Processes } from './processes.ts';

/** How often all processes of the machine are gone through. */
const fullLookMs = 2000;
/** Linux counts processors' time for user space in hundredths, whatever it counts in itself. */
const ticksPerSecond = 100;

/**
 * Linux: kernels' processes by /proc. Those that are known, and what their main threads have started, are looked at each
 * time, at some ten microseconds each, without a wait; all of the machine now and then, for what a session has besides.
 */
export class ProcProcesses implements Processes {
  readonly #known = new Map<number, Set<number>>();
  readonly #pageBytes = pageSize();
  #fullLookAt = 0;
  #fullLook: Promise<void> | undefined;

  async measure(leaders: readonly number[]): Promise<ReadonlyMap<number, GroupUse>> {
    for (const leader of this.#known.keys()) if (!leaders.includes(leader)) this.#known.delete(leader);
    for (const leader of leaders) if (!this.#known.has(leader)) this.#known.set(leader, new Set([leader]));
    if (Date.now() - this.#fullLookAt > fullLookMs && !this.#fullLook) {
      this.#fullLookAt = Date.now();
      this.#fullLook = this.#lookAtAll().finally(() => (this.#fullLook = undefined));
    }
    const uses = new Map<number, GroupUse>();
    for (const [leader, known] of this.#known) {
      const use = this.#measureOne(leader, known);
      if (use) uses.set(leader, use);
    }
    return uses;
  }

  #measureOne(leader: number, known: Set<number>): GroupUse | undefined {
    const rows: Row[] = [];
    const waiting = [...known];
    for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
      const row = readRow(pid);
      if (!row) {
        known.delete(pid);
        continue;
      }
      rows.push(row);
      for (const child of childrenOf(pid)) {
        if (known.has(child)) continue;
        known.add(child);
        waiting.push(child);
      }
    }
    const members = rows.filter(({ pid }) => pid !== leader);
    if (rows.length === 0) return undefined;
    return {
      pids: members.map(({ pid }) => pid),
      memoryBytes: members.reduce((sum, { pages }) => sum + pages, 0) * this.#pageBytes,
      cpuSeconds: rows.reduce((sum, { ticks }) => sum + ticks, 0) / ticksPerSecond,
    };
  }

  async #lookAtAll(): Promise<void> {
    await processesWhere(async (pid) => {
      const stat = await readStat(pid);
      if (stat && !stat.isZombie) this.#known.get(stat.session)?.add(pid);
      return false;
    });
  }
}

/**
 * What processes use together, memory that they share counted once: forked workers share what their kernel had loaded. Costs a
 * millisecond for each gigabyte. Undefined: it cannot be read.
 */
export function sharedOnce(pids: readonly number[]): number | undefined {
  let kibibytes = 0;
  for (const pid of pids) {
    try {
      const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
      kibibytes += Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? NaN);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Gone in the meantime; else it is not for us to read.
      if (code !== 'ENOENT' && code !== 'ESRCH') return undefined;
    }
  }
  return Number.isFinite(kibibytes) ? kibibytes * 1024 : undefined;
}

interface Row {
  readonly pid: number;
  readonly pages: number;
  /** Of itself, and of the children that it has waited for. */
  readonly ticks: number;
}

function readRow(pid: number): Row | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // proc(5): the fields after the command's name in parentheses, from the third on.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return { pid, pages: Number(fields[21]), ticks };
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
    return text.split(' ').filter(Boolean).map(Number);
  } catch {
    // Gone, or a system without that file: the look at all finds them.
    return [];
  }
}

/** From the vector that the system gives a program at its start: pairs of 64-bit numbers, of which AT_PAGESZ is 6. */
function pageSize(): number {
  try {
    const vector = readFileSync('/proc/self/auxv');
    for (let at = 0; at + 16 <= vector.length; at += 16) {
      if (vector.readBigUInt64LE(at) === 6n) return Number(vector.readBigUInt64LE(at + 8));
    }
  } catch {
    // Not readable: what nearly all machines have.
  }
  return 4096;
}
