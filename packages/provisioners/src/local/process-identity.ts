import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Which process a number means: numbers are used again, the moment of the start and the boot that it counts from are not. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot on Linux; `ps`'s words on macOS. */
  readonly startedAt: string;
}

/** The identity of what runs under this number now; undefined if nothing does. A zombie, which has ended, is nothing. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  return process.platform === 'linux' ? identifyByProc(pid) : identifyByPs(pid);
}

export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  return (await identify(identity.pid))?.startedAt === identity.startedAt;
}

/** What `startedAt` is relative to. */
export async function bootId(): Promise<string> {
  if (process.platform !== 'linux') return '';
  return (await readFile('/proc/sys/kernel/random/boot_id', 'latin1')).trim();
}

/**
 * Processes of the session that `leader` began, itself included, whether or not it still lives: what a kernel started and
 * put in another process group is still in its session, unless it took a session of its own.
 */
export async function sessionMembers(leader: ProcessIdentity): Promise<number[]> {
  const now = await identify(leader.pid);
  // Linux gives no number to a new process while a session has it. If it means another one, the session is over.
  if (now !== undefined && now.startedAt !== leader.startedAt) return [];
  if (process.platform !== 'linux') return now === undefined ? [] : [leader.pid];
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const members: number[] = [];
  for (let at = 0; at < pids.length; at += readAtOnce) {
    const some = pids.slice(at, at + readAtOnce);
    const stats = await Promise.all(some.map(readStat));
    members.push(...some.filter((_pid, index) => isIn(stats[index], leader.pid)));
  }
  return members;
}

/** Of the machine's processes, at a time: few enough not to keep others from the disk. */
const readAtOnce = 32;

function isIn(stat: Stat | undefined, session: number): boolean {
  return stat !== undefined && stat.session === session && !stat.isZombie;
}

interface Stat {
  readonly isZombie: boolean;
  readonly session: number;
  readonly startedAt: string;
}

async function readStat(pid: number): Promise<Stat | undefined> {
  let text: string;
  try {
    text = await readFile(`/proc/${pid}/stat`, 'latin1');
  } catch {
    // Ended.
    return undefined;
  }
  // proc(5): the second field is the command's name in parentheses, and may itself contain any of them.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, , , session] = fields;
  const startedAt = fields[19];
  if (state === undefined || session === undefined || startedAt === undefined) return undefined;
  return { isZombie: state === 'Z' || state === 'X', session: Number(session), startedAt };
}

async function identifyByProc(pid: number): Promise<ProcessIdentity | undefined> {
  const fields = await readStat(pid);
  return fields && !fields.isZombie ? { pid, startedAt: fields.startedAt } : undefined;
}

async function identifyByPs(pid: number): Promise<ProcessIdentity | undefined> {
  try {
    const { stdout } = await promisify(execFile)('/bin/ps', ['-o', 'stat=,lstart=', '-p', String(pid)]);
    const [state = '', ...started] = stdout.trim().split(/\s+/);
    return state === '' || state.startsWith('Z') ? undefined : { pid, startedAt: started.join(' ') };
  } catch {
    // `ps` exits with 1 for a number that nothing has.
    return undefined;
  }
}
