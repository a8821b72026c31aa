import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, type ProcessIdentity } from '@perijove/kernels';
import { endpointOf, type ConnectionInfo, type Port } from '@perijove/protocol';
import { sessionMembers } from './session-members.ts';

const pollMs = 5;
const timeoutMs = 10_000;
const ports: readonly Port[] = ['shell', 'iopub', 'stdin', 'control', 'hb'];

/** The files of a kernel on this machine. */
export interface KernelFiles {
  readonly connectionFile: string;
  /** Its standard error. */
  readonly logFile: string;
  /** Its standard output: not what it sends to notebooks. */
  readonly outputFile: string;
  readonly exitFile: string;
  /** The connection file once more, for a kernel that runs as another account: the kernel's own. */
  readonly accountFile?: string;
}

/** Removes what there is of them, and the sockets that a kernel with `transport: ipc` listens at. */
export async function removeFiles(files: KernelFiles, connection: ConnectionInfo | undefined): Promise<void> {
  const sockets =
    connection?.transport === 'ipc'
      ? ports.map((port) => endpointOf(connection, port).slice('ipc://'.length))
      : [];
  const { connectionFile, logFile, outputFile, exitFile, accountFile } = files;
  const all = [connectionFile, logFile, outputFile, exitFile, ...sockets];
  if (accountFile !== undefined) all.push(accountFile);
  await Promise.all(all.map((file) => rm(file, { force: true })));
}

/**
 * Kills whatever is left of a kernel's session, until nothing is. Rejects if something does not die: a process that waits
 * for a broken disk cannot.
 */
export async function killSession(leader: ProcessIdentity): Promise<void> {
  const giveUpAt = Date.now() + timeoutMs;
  // Most often this is all, and what looks next finds nobody: to look is to read about every process of the machine.
  if (await isAlive(leader)) signalGroup(leader, 'SIGKILL');
  for (;;) {
    await delay(pollMs);
    const members = await sessionMembers(leader);
    if (members.length === 0) return;
    if (Date.now() > giveUpAt) {
      throw new Error(
        `processes ${members.join(', ')} of a kernel did not end within ${timeoutMs} ms of SIGKILL`,
      );
    }
    for (const pid of members) sendSignal(pid, 'SIGKILL');
  }
}

/** Kills the kernel and what is in its session, but not the shell that watches, which writes down that it was killed. */
export async function killAllButLeader(leader: ProcessIdentity): Promise<void> {
  for (const pid of await sessionMembers(leader)) if (pid !== leader.pid) sendSignal(pid, 'SIGKILL');
}

/** To a kernel and whatever it has started. */
export function signalGroup(leader: ProcessIdentity, signal: NodeJS.Signals): void {
  sendSignal(-leader.pid, signal);
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // Gone already. EPERM is what macOS says of a group whose members are all zombies.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}
