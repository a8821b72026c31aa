import { access, readFile, rmdir, writeFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const pollMs = 5;
const timeoutMs = 10_000;
const attempts = 5;

/** A file of the cgroup file system; undefined if it is not there. */
export async function readControl(folder: string, file: string): Promise<string | undefined> {
  return readFile(posix.join(folder, file), 'latin1').catch(() => undefined);
}

/** A file with one number, or `max`: then undefined, as when it is not there. */
export async function readNumber(folder: string, file: string): Promise<number | undefined> {
  const text = await readControl(folder, file);
  const value = Number(text?.trim() || NaN);
  return Number.isFinite(value) ? value : undefined;
}

/** The number behind a key in a file of lines `key number`. */
export async function readKey(folder: string, file: string, key: string): Promise<number | undefined> {
  const text = await readControl(folder, file);
  const line = text?.split('\n').find((candidate) => candidate.startsWith(`${key} `));
  return line === undefined ? undefined : Number(line.slice(key.length + 1));
}

export async function writeControl(folder: string, file: string, value: string | number): Promise<void> {
  await writeFile(posix.join(folder, file), String(value), { flag: 'r+' });
}

/** Writes a setting that not every kernel of the system has. */
export async function writeIfThere(folder: string, file: string, value: string | number): Promise<void> {
  if (await isThere(folder, file)) await writeControl(folder, file, value);
}

export function isThere(folder: string, file = ''): Promise<boolean> {
  return access(posix.join(folder, file)).then(
    () => true,
    () => false,
  );
}

export async function processesIn(folder: string): Promise<number[]> {
  const text = (await readControl(folder, 'cgroup.procs')) ?? '';
  return text.split('\n').filter(Boolean).map(Number);
}

/** Kills whatever is in a cgroup, also what took a session of its own, and removes it. Rejects if something does not die. */
export async function removeCgroup(folder: string): Promise<void> {
  const giveUpAt = Date.now() + timeoutMs;
  for (;;) {
    try {
      await rmdir(folder);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return;
      // What has just died is in it for a moment longer.
      if (code !== 'EBUSY' || Date.now() > giveUpAt) throw error;
    }
    for (const pid of await processesIn(folder)) kill(pid);
    await delay(pollMs);
  }
}

function kill(pid: number): void {
  // 0 is a process of another pid namespace; to a kill it would mean ourselves.
  if (pid <= 0) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already; or it is not ours to kill, which the time limit says.
  }
}

/** Removes the folder of all kernels if none is in it any more. */
export async function removeIfEmpty(folder: string): Promise<void> {
  await rmdir(folder).catch(() => {
    // There are others in it; or it is gone already.
  });
}

/** Does what needs the folder of all kernels, anew if that went with another kernel's end in between. */
export async function again<T>(what: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await what();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === attempts) throw error;
    }
  }
}
