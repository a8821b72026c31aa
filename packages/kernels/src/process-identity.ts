import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Which process a number means: the system gives numbers to others again, the moment of a start it does not. */
export interface ProcessIdentity {
  readonly pid: number;
  /** In words of the system's own. Linux: id of the boot and clock ticks since then; elsewhere what `ps` says. */
  readonly startedAt: string;
}

/** The identity of what runs under this number now; undefined if nothing does. A zombie, which has ended, is nothing. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const startedAt = process.platform === 'linux' ? await startByProc(pid) : await startByPs(pid);
  return startedAt === undefined ? undefined : { pid, startedAt };
}

/** Whether this very process still runs. */
export async function isAlive({ pid, startedAt }: ProcessIdentity): Promise<boolean> {
  return (await identify(pid))?.startedAt === startedAt;
}

/** False if the machine was started anew since: then nothing is left of it or its children. Not known but on Linux: true. */
export async function isOfThisBoot({ startedAt }: ProcessIdentity): Promise<boolean> {
  return process.platform !== 'linux' || startedAt.startsWith(`${await bootId()}/`);
}

export interface ProcessStat {
  readonly isZombie: boolean;
  readonly session: number;
  /** Clock ticks since boot. */
  readonly startedAt: string;
}

/** What Linux says of a process; undefined if it has ended, or there is no /proc that shows it. */
export async function readStat(pid: number): Promise<ProcessStat | undefined> {
  let text: string;
  try {
    text = await readFile(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // proc(5): the second field is the command's name in parentheses, and may itself contain any of them.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, , , session] = fields;
  const startedAt = fields[19];
  if (state === undefined || session === undefined || startedAt === undefined) return undefined;
  return { isZombie: state === 'Z' || state === 'X', session: Number(session), startedAt };
}

async function startByProc(pid: number): Promise<string | undefined> {
  const stat = await readStat(pid);
  return stat && !stat.isZombie ? `${await bootId()}/${stat.startedAt}` : undefined;
}

let knownBootId: Promise<string> | undefined;

function bootId(): Promise<string> {
  return (knownBootId ??= readFile('/proc/sys/kernel/random/boot_id', 'latin1').then((text) => text.trim()));
}

async function startByPs(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('/bin/ps', ['-o', 'stat=,lstart=', '-p', String(pid)]);
    const [state = '', ...started] = stdout.trim().split(/\s+/);
    return state === '' || state.startsWith('Z') ? undefined : started.join(' ');
  } catch {
    // `ps` exits with 1 for a number that nothing has.
    return undefined;
  }
}
