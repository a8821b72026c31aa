import { readFile } from 'node:fs/promises';
import { posix } from 'node:path';

/**
 * Watches the system's count of processes that it has killed for want of memory, to tell whether a kernel that died by
 * SIGKILL was one of them. The count is that of the server's own cgroup, which its kernels are in too, or the machine's.
 * On a system without such a count the answer is never yes.
 */
export class OomKills {
  readonly #file: Promise<string | undefined>;
  #earlier: number | undefined;
  #last: number | undefined;

  /** `file` has a line `oom_kill N`; absent: the best one that there is. */
  constructor(file?: string) {
    this.#file = file === undefined ? findCounter() : Promise.resolve(file);
  }

  /** Counts from now on. */
  async start(): Promise<void> {
    this.#last = await this.#read();
    this.#earlier = this.#last;
  }

  /** To be called now and then, while kernels live: what the count rose by before the last but one call is old news. */
  async sample(): Promise<void> {
    const now = await this.#read();
    this.#earlier = this.#last ?? now;
    this.#last = now;
  }

  /** Whether the system has just killed a process for want of memory; each that it killed is one yes. */
  async take(): Promise<boolean> {
    const now = await this.#read();
    if (now === undefined || this.#earlier === undefined || now <= this.#earlier) return false;
    this.#earlier += 1;
    return true;
  }

  async #read(): Promise<number | undefined> {
    const file = await this.#file;
    if (file === undefined) return undefined;
    const text = await readFile(file, 'latin1').catch(() => '');
    const match = /^oom_kill (\d+)$/m.exec(text);
    return match ? Number(match[1]) : undefined;
  }
}

async function findCounter(): Promise<string | undefined> {
  const own = await readFile('/proc/self/cgroup', 'latin1').catch(() => '');
  const v2 = /^0::(.*)$/m.exec(own)?.[1];
  const v1 = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(own)?.[1];
  const places = [
    ...(v2 === undefined ? [] : [posix.join('/sys/fs/cgroup', v2, 'memory.events')]),
    ...(v1 === undefined ? [] : [posix.join('/sys/fs/cgroup/memory', v1, 'memory.oom_control')]),
    // A container without a cgroup namespace sees its path on the host, and its files at the top.
    '/sys/fs/cgroup/memory.events',
    '/sys/fs/cgroup/memory/memory.oom_control',
    '/proc/vmstat',
  ];
  for (const place of places) {
    const text = await readFile(place, 'latin1').catch(() => '');
    if (/^oom_kill \d+$/m.test(text)) return place;
  }
  return undefined;
}
