import { readdir } from 'node:fs/promises';
import { identify, isOfThisBoot, readStat, type ProcessIdentity } from '@perijove/kernels';

/**
 * Processes of the session that `leader` began, itself included, whether or not it still lives: what a kernel started and
 * put in another process group is still in its session, unless it took a session of its own.
 */
export async function sessionMembers(leader: ProcessIdentity): Promise<number[]> {
  if (!(await isOfThisBoot(leader))) return [];
  const now = await identify(leader.pid);
  // Linux gives no number to a new process while a session has it. If it means another one, the session is over.
  if (now !== undefined && now.startedAt !== leader.startedAt) return [];
  if (process.platform !== 'linux') return now === undefined ? [] : [leader.pid];
  return processesWhere(async (pid) => {
    const stat = await readStat(pid);
    return stat !== undefined && stat.session === leader.pid && !stat.isZombie;
  });
}

/** Of the machine's processes, at a time: few enough not to keep others from the disk. */
const readAtOnce = 32;

/** Processes of this machine of which something holds. Where there is no /proc, none. */
export async function processesWhere(holds: (pid: number) => Promise<boolean>): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found: number[] = [];
  for (let at = 0; at < pids.length; at += readAtOnce) {
    const some = pids.slice(at, at + readAtOnce);
    const answers = await Promise.all(some.map(holds));
    found.push(...some.filter((_pid, index) => answers[index]));
  }
  return found;
}
