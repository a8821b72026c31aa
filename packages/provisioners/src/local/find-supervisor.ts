import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { promisify } from 'node:util';
import { identify, readStat, type ProcessIdentity } from '@perijove/kernels';
import { isThere } from './limits/cgroup-folder.ts';
import type { ConfinementRecord } from './limits/confinement.ts';
import { processesWhere } from './session-members.ts';

/**
 * Finds the shell that watches the kernel with this exit file, for a server that does not know its number: the one before was
 * killed between the start and writing down what it had started. The shell has the file's name in its command line from its
 * first moment on, so none is overlooked; it leads a session, which tells it from its own fork that is about to be the kernel.
 */
export async function findSupervisor(exitFile: string): Promise<ProcessIdentity | undefined> {
  const [pid] = process.platform === 'linux' ? await byProc(exitFile) : await byPs(exitFile);
  return pid === undefined ? undefined : identify(pid);
}

/** What the kernel of such a shell is confined in, as its command line says. Undefined: in nothing, or nobody can say. */
export async function recordOfSupervisor(
  { pid }: ProcessIdentity,
  exitFile: string,
): Promise<ConfinementRecord | undefined> {
  const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
  const from = words.indexOf(exitFile) + 1;
  const folders = words.slice(from, words.indexOf('--', from)).map((entrance) => posix.dirname(entrance));
  const [first] = folders;
  if (first === undefined) return undefined;
  return { kind: (await isThere(first, 'memory.max')) ? 'cgroup2' : 'cgroup1', folders };
}

async function byProc(exitFile: string): Promise<number[]> {
  return processesWhere(async (pid) => {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (!words.split('\0').includes(exitFile)) return false;
    return (await readStat(pid))?.session === pid;
  });
}

async function byPs(exitFile: string): Promise<number[]> {
  const { stdout } = await promisify(execFile)('/bin/ps', ['-axww', '-o', 'pid=,pgid=,command='], {
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout.split('\n').flatMap((line) => {
    const [, pid, group, command = ''] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return pid !== undefined && pid === group && ` ${command} `.includes(` ${exitFile} `)
      ? [Number(pid)]
      : [];
  });
}
