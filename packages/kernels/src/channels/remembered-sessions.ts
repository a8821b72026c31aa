import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../log.ts';

export interface RememberedSessionsOptions {
  /** Where it is kept, too. Absent: in memory only. */
  readonly folder?: string;
  /** Where the journal ended when it was opened: clients that were connected to a process that crashed had seen all. */
  readonly end: number;
  readonly rememberedSessions: number;
  readonly rememberSessionMs: number;
  readonly log: Log;
  readonly now: () => number;
}

interface Remembered {
  /** Number of the next message for it; null while it is connected. */
  next: number | null;
  at: number;
}

const fileName = 'sessions.json';
const saveAfterMs = 100;

/** Which clients there were, and up to where they have seen what the kernel said. Bounded in number and time. */
export class RememberedSessions {
  readonly #options: RememberedSessionsOptions;
  readonly #sessions = new Map<string, Remembered>();
  #hasChanged = false;
  #timer: NodeJS.Timeout | undefined;
  /** One write at a time, so that an older list never replaces a newer one. Never rejects. */
  #writing: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: RememberedSessionsOptions) {
    this.#options = options;
    if (options.folder !== undefined) this.#load(join(options.folder, fileName));
  }

  /** From where a session that comes back goes on; undefined for one that is not known (any more). */
  nextFor(session: string): number | undefined {
    const known = this.#sessions.get(session);
    if (known === undefined || known.next === null) return undefined;
    return known.at + this.#options.rememberSessionMs < this.#options.now() ? undefined : known.next;
  }

  connected(session: string): void {
    this.#set(session, null);
  }

  left(session: string, next: number): void {
    this.#set(session, next);
  }

  /** What has changed is written by the time this resolves. Never rejects. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined || this.#hasChanged) {
      if (this.#writing === undefined) this.#save();
      // oxlint-disable-next-line no-await-in-loop
      await this.#writing;
    }
  }

  /** Nothing is written after this has resolved. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#hasChanged = false;
    clearTimeout(this.#timer);
    await this.#writing;
  }

  #set(session: string, next: number | null): void {
    const now = this.#options.now();
    // Deleted first, so that the order is that of the last change.
    this.#sessions.delete(session);
    this.#sessions.set(session, { next, at: now });
    for (const [oldest, known] of this.#sessions) {
      const isOver = known.next !== null && known.at + this.#options.rememberSessionMs < now;
      if (!isOver && this.#sessions.size <= this.#options.rememberedSessions) break;
      this.#sessions.delete(oldest);
    }
    if (this.#isStopped || this.#options.folder === undefined) return;
    this.#hasChanged = true;
    this.#saveSoon();
  }

  /** A hundred clients that come at once are written down once. */
  #saveSoon(): void {
    if (this.#writing === undefined) this.#timer ??= setTimeout(() => this.#save(), saveAfterMs);
  }

  #save(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#hasChanged = false;
    this.#writing = this.#write().then(() => {
      this.#writing = undefined;
      if (this.#hasChanged) this.#saveSoon();
    });
  }

  /** A thread writes: this happens while kernels talk, whose PUB drops what is not read while a disk is busy. */
  async #write(): Promise<void> {
    const { folder, log } = this.#options;
    if (folder === undefined) return;
    const path = join(folder, fileName);
    try {
      await writeFile(`${path}.new`, JSON.stringify([...this.#sessions]), { mode: 0o600 });
      await rename(`${path}.new`, path);
    } catch (error) {
      log.warn({ err: error, path }, 'what clients have seen cannot be written down');
    }
  }

  #load(path: string): void {
    const { log, end, now } = this.#options;
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch {
      return; // Nobody was here before.
    }
    try {
      for (const [session, known] of JSON.parse(text) as [string, Remembered][]) {
        const next = known.next === null ? end : Math.min(known.next, end);
        if (Number.isSafeInteger(next))
          this.#sessions.set(session, { next, at: known.next === null ? now() : known.at });
      }
    } catch (error) {
      log.warn({ err: error, path }, 'what clients had seen cannot be read');
    }
  }
}
