import { open, stat } from 'node:fs/promises';

const tailBytes = 64 * 1024;

/** What ipykernel 7.3 says at every start, and never means anything for its end. */
const commonplaces = /\[IPKernelApp\] WARNING \| Kernel is running over TCP without encryption/;

/** Reads the last lines of a kernel's standard error, oldest first. None if there is no such file. */
export async function lastLines(file: string, count: number): Promise<string[]> {
  const tail = await readTail(file, tailBytes);
  if (tail === undefined) return [];
  const lines = tail
    .toString('utf8')
    .split(/\r?\n/)
    .filter((line) => !commonplaces.test(line));
  while (lines.at(-1) === '') lines.pop();
  return lines.slice(-count);
}

/**
 * Cuts a log that has grown larger than `limitBytes` down to its end. The kernel writes on meanwhile, at the new end, since
 * it has the file open for appending; what it writes in the microseconds between reading and cutting is lost.
 */
export async function boundLog(file: string, limitBytes: number): Promise<void> {
  try {
    if ((await stat(file)).size <= limitBytes) return;
    const tail = await readTail(file, Math.min(tailBytes, Math.floor(limitBytes / 2)));
    const handle = await open(file, 'a');
    try {
      await handle.truncate(0);
      await handle.write(
        Buffer.concat([Buffer.from('[… earlier lines removed]\n'), tail ?? Buffer.alloc(0)]),
      );
    } finally {
      await handle.close();
    }
  } catch (error) {
    // Removed in the meantime: the kernel is gone.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** The end of a file, from the beginning of a line on. Undefined if there is no file. */
async function readTail(file: string, bytes: number): Promise<Buffer | undefined> {
  let handle;
  try {
    handle = await open(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { size } = await handle.stat();
    const from = Math.max(0, size - bytes);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - from), 0, size - from, from);
    const tail = buffer.subarray(0, bytesRead);
    return from === 0 ? tail : tail.subarray(tail.indexOf(0x0a) + 1);
  } finally {
    await handle.close();
  }
}
