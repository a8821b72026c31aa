import { readFile } from 'node:fs/promises';

/** A process beyond its number, which the system gives to others once it has ended. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in words of the system's own. Absent where the system does not say. */
  readonly startedAt?: string;
}

export async function identityOf(pid: number): Promise<ProcessIdentity> {
  const startedAt = await startOf(pid);
  return { pid, ...(startedAt === undefined ? {} : { startedAt }) };
}

/** Whether this very process still runs. */
export async function isRunning({ pid, startedAt }: ProcessIdentity): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs, as somebody else.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const now = await startOf(pid);
  if (now === ended) return false;
  return startedAt === undefined || now === undefined || now === startedAt;
}

/** Its parent has not asked yet what became of it; it can still be signalled. */
const ended = 'zombie';

/** Linux: boot id and start in clock ticks since then (proc(5), field 22 of `stat`). */
async function startOf(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  try {
    const [stat, bootId] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    ]);
    // The second field is the name in parentheses, and may hold anything; the third follows the last parenthesis.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return ended;
    return `${bootId.trim()}/${fields[19]}`;
  } catch {
    // No such process, or a /proc that does not show it.
    return undefined;
  }
}
