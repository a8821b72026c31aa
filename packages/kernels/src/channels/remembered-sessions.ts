import { readFileSync, renameSync, writeFileSync } from 'node:fs';
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
  #saving: NodeJS.Timeout | undefined;
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

  /** What has changed is written by now. */
  flush(): void {
    if (this.#saving === undefined) return;
    clearTimeout(this.#saving);
    this.#saving = undefined;
    this.#save();
  }

  /** Nothing is written after this. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#saving);
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
    // A hundred clients that come at once are written down once.
    this.#saving ??= setTimeout(() => this.flush(), saveAfterMs);
  }

  #save(): void {
    const { folder, log } = this.#options;
    if (folder === undefined) return;
    const path = join(folder, fileName);
    try {
      writeFileSync(`${path}.new`, JSON.stringify([...this.#sessions]), { mode: 0o600 });
      renameSync(`${path}.new`, path);
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
