import { open, stat, type FileHandle } from 'node:fs/promises';
import type { FastifyBaseLogger } from 'fastify';
import type { Audit, AuditEntry } from './audit-entry.ts';
import type { AuditOptions } from './options.ts';

export interface AuditLogDeps {
  readonly options: Pick<AuditOptions, 'auditLog' | 'auditBufferBytes' | 'auditRefusalsPerSecond'>;
  readonly log: FastifyBaseLogger;
  readonly now?: () => number;
}

/** More addresses than this in one second are one. */
const maxPeers = 10_000;
/** Longest text in a line, so that what a client sends does not fill the disk. */
const maxTextLength = 4096;

/** Appends audit lines to a file, in the background: whoever writes one never waits for the disk. */
export class AuditLog implements Audit {
  readonly #deps: AuditLogDeps;
  readonly #now: () => number;
  #file: FileHandle | undefined;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  #leftOut = 0;
  #second = 0;
  readonly #refusals = new Map<string, number>();
  #isBroken = false;

  constructor(deps: AuditLogDeps) {
    this.#deps = deps;
    this.#now = deps.now ?? Date.now;
  }

  write(entry: AuditEntry): void {
    const { options } = this.#deps;
    if (options.auditLog === '') return;
    const now = this.#now();
    if (entry.event === 'refusal' && this.#isTooMuch(entry.peer ?? '', now)) {
      this.#leftOut++;
      return;
    }
    const line = `${JSON.stringify({ time: new Date(now).toISOString(), ...entry }, shortened)}\n`;
    if (this.#waitingBytes + line.length > options.auditBufferBytes) {
      this.#leftOut++;
      return;
    }
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined));
  }

  /** Goes on in a new file of the name, after the former was moved away. */
  async reopen(): Promise<void> {
    await this.#writing;
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  /** Resolves when all is written. */
  async close(): Promise<void> {
    await this.reopen();
  }

  async #writeAll(): Promise<void> {
    // Those of one turn of the loop go out together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const text = this.#waiting.join('') + this.#takeLeftOut();
      this.#waiting = [];
      this.#waitingBytes = 0;
      try {
        // oxlint-disable-next-line no-await-in-loop -- lines stay in order
        await this.#append(text);
        this.#isBroken = false;
      } catch (error) {
        if (!this.#isBroken)
          this.#deps.log.error(
            { err: error, path: this.#deps.options.auditLog },
            'the audit log cannot be written',
          );
        this.#isBroken = true;
        this.#leftOut += text.split('\n').length - 1;
        // oxlint-disable-next-line no-await-in-loop
        await this.#drop();
      }
    }
  }

  async #append(text: string): Promise<void> {
    const path = this.#deps.options.auditLog;
    if (path === '-') return void process.stderr.write(text);
    if (this.#file !== undefined && !(await isSameFile(this.#file, path))) await this.#drop();
    this.#file ??= await open(path, 'a', 0o600);
    await this.#file.appendFile(text);
    return undefined;
  }

  async #drop(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => {}); // what could not be written cannot be closed better
  }

  /** One line about those that there was no room for, or that were too many. */
  #takeLeftOut(): string {
    if (this.#leftOut === 0) return '';
    const line = JSON.stringify({
      time: new Date(this.#now()).toISOString(),
      event: 'leftOut',
      count: this.#leftOut,
    });
    this.#leftOut = 0;
    return `${line}\n`;
  }

  #isTooMuch(peer: string, now: number): boolean {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) this.#refusals.clear();
    this.#second = second;
    const key = this.#refusals.has(peer) || this.#refusals.size < maxPeers ? peer : 'others';
    const count = (this.#refusals.get(key) ?? 0) + 1;
    this.#refusals.set(key, count);
    return count > this.#deps.options.auditRefusalsPerSecond;
  }
}

async function isSameFile(file: FileHandle, path: string): Promise<boolean> {
  const [here, there] = await Promise.all([file.stat(), stat(path).catch(() => undefined)]);
  return here.ino === there?.ino && here.dev === there.dev;
}

function shortened(_key: string, value: unknown): unknown {
  return typeof value === 'string' && value.length > maxTextLength
    ? `${value.slice(0, maxTextLength)}…`
    : value;
}
