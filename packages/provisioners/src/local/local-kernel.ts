import { appendFile, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Exit, ProvisionedKernel, Usage } from '@perijove/kernels';
import type { ConnectionInfo } from '@perijove/protocol';
import { kernelExit } from './kernel-exit.ts';
import { lastLines } from './kernel-log.ts';
import { killAllButLeader, killSession, removeFiles, signalGroup } from './kernel-remains.ts';
import type { Confinement, OutOfMemory } from './limits/confinement.ts';
import type { LocalHandle } from './local-handle.ts';
import { outOfMemoryMark, readOutOfMemoryMark, readRecordedEnd } from './supervising-shell.ts';

/** Of a kernel's log: what is told of its end. */
export const lineCount = 20;

export interface LocalKernelOptions {
  readonly handle: LocalHandle;
  readonly connection: ConnectionInfo;
  /** Resolves when the supervising shell has ended. */
  readonly ended: Promise<void>;
  readonly confinement: Confinement;
  /** Asked once, right after the end of a kernel that was killed: whether the system did that for want of memory. */
  readonly wasOutOfMemory: () => Promise<boolean>;
  /** Called once: when nothing of the kernel is left. */
  readonly onGone: () => void;
}

/** A kernel in a process group and session of its own on this machine, be it our child or one that we found. */
export class LocalKernel implements ProvisionedKernel {
  readonly handle: LocalHandle;
  readonly connection: ConnectionInfo;
  readonly exited: Promise<Exit>;
  readonly #options: LocalKernelOptions;
  readonly #force = new AbortController();
  #isEnded = false;
  #destruction: Promise<void> | undefined;
  #endingForMemory: Promise<void> | undefined;

  constructor(options: LocalKernelOptions) {
    this.#options = options;
    this.handle = options.handle;
    this.connection = options.connection;
    this.exited = this.#observe(options.ended);
    options.confinement.watch(options.handle, () => void this.endForMemory());
  }

  async interrupt(): Promise<void> {
    this.#signal('SIGINT');
  }

  destroy(graceMs: number): Promise<void> {
    if (graceMs <= 0) this.#force.abort();
    this.#destruction ??= this.#end(graceMs);
    return this.#destruction;
  }

  /** What is kept for it. */
  get requestBytes(): number {
    return this.handle.requests?.['memoryBytes'] ?? this.handle.resources['memoryBytes'] ?? 0;
  }

  async usage(): Promise<Usage | undefined> {
    return this.#isEnded ? undefined : this.#options.confinement.usage();
  }

  /**
   * Ends the kernel, all but the shell that writes down how: something of it was killed for want of memory, or has to be.
   * `reason` if the confinement does not know of it. May be repeated.
   */
  endForMemory(reason?: OutOfMemory): Promise<void> {
    this.#endingForMemory ??= this.#endForMemory(reason).finally(() => (this.#endingForMemory = undefined));
    return this.#endingForMemory;
  }

  logs(): Promise<readonly string[]> {
    return lastLines(this.handle.logFile, lineCount);
  }

  async #observe(ended: Promise<void>): Promise<Exit> {
    await ended;
    this.#isEnded = true;
    const isDestroyed = this.#destruction !== undefined;
    const lines = await this.logs().catch(() => []);
    const text = await readFile(this.handle.exitFile, 'utf8').catch(() => '');
    const recorded = readRecordedEnd(text, lines.at(-1));
    const isKilled = recorded?.kind === 'signalled' && recorded.signal === 'SIGKILL';
    const outOfMemory = isDestroyed ? undefined : await this.#whyOutOfMemory(text, isKilled);
    // Only the shell was killed: nobody would ever learn of the kernel's end, so it ends now. What does not die of it is
    // for `destroy` to report.
    if (recorded === undefined && !isDestroyed) await killSession(this.handle).catch(() => undefined);
    return kernelExit({
      recorded,
      isDestroyed,
      outOfMemory,
      lastLines: lines,
    });
  }

  async #whyOutOfMemory(exitText: string, isKilled: boolean): Promise<OutOfMemory | undefined> {
    const { confinement, wasOutOfMemory } = this.#options;
    const known = readOutOfMemoryMark(exitText) ?? (await confinement.outOfMemory());
    if (known !== undefined || confinement.isExact || !isKilled) return known;
    return (await wasOutOfMemory()) ? 'killed by the system because memory ran out' : undefined;
  }

  async #endForMemory(reason?: OutOfMemory): Promise<void> {
    if (this.#isEnded || this.#destruction) return;
    const known = reason ?? (await this.#options.confinement.outOfMemory());
    // For a next server, if this one does not live to tell.
    if (known !== undefined)
      await appendFile(this.handle.exitFile, outOfMemoryMark(known)).catch(() => undefined);
    await killAllButLeader(this.handle);
  }

  async #end(graceMs: number): Promise<void> {
    // What watches a kernel does not keep the process alive; what ends one does.
    const hold = setInterval(() => undefined, 60_000);
    try {
      await this.#terminate(graceMs);
      await killSession(this.handle);
      await this.exited;
      await this.#options.confinement.remove();
      await removeFiles(this.handle, this.connection);
    } finally {
      clearInterval(hold);
    }
    this.#options.onGone();
  }

  async #terminate(graceMs: number): Promise<void> {
    if (this.#isEnded || graceMs <= 0) return;
    this.#signal('SIGTERM');
    const waiting = new AbortController();
    const { signal } = this.#force;
    const forced = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    const grace = delay(graceMs, undefined, { signal: waiting.signal }).catch(() => undefined);
    await Promise.race([this.#options.ended, forced, grace]);
    waiting.abort();
  }

  /** To the whole process group: the kernel and what it has started. The supervising shell takes no notice of these two. */
  #signal(signal: 'SIGINT' | 'SIGTERM'): void {
    if (this.#isEnded) return;
    signalGroup(this.handle, signal);
  }
}
