import {
  decodeV1,
  encodeFrames,
  frameAt,
  peekString,
  ProtocolError,
  type RawMessage,
} from '@perijove/protocol';
import type { Log } from '../log.ts';
import type { Batch } from './batch.ts';
import { MemoryRing } from './memory-ring.ts';
import { RememberedSessions } from './remembered-sessions.ts';
import { SegmentRing } from './segment-ring.ts';

export interface JournalOptions {
  /** Of this kernel alone. Absent: memory only, and nothing survives the process. */
  readonly folder?: string;
  /** Of messages kept in memory. */
  readonly memoryBytes: number;
  /** Of messages kept in files. 0: none are. */
  readonly fileBytes: number;
  readonly rememberedSessions: number;
  readonly rememberSessionMs: number;
  readonly log: Log;
  readonly now: () => number;
}

/** One message as it is kept. */
export interface JournalRecord {
  readonly number: number;
  /** A view of what is kept: not to be changed. */
  readonly message: RawMessage;
  /** The session that it is for; undefined: all. */
  readonly target: string | undefined;
}

export interface JournalPage {
  readonly records: readonly JournalRecord[];
  /** From where to read on. */
  readonly next: number;
}

/**
 * Numbers and keeps what a kernel said: the last of it in memory, more of it in files. What is handed on by `append` is in
 * a file by then, so that whoever takes over after a crash has all that any client saw. Numbers begin at 1, are never used
 * twice, and go on where an earlier process left off.
 */
export class Journal {
  /** Clients and what they have seen; survives the process, too. */
  readonly sessions: RememberedSessions;
  /** When an earlier process last wrote to this journal; undefined if there was none. */
  readonly leftAt: number | undefined;
  readonly #memory: MemoryRing;
  readonly #files: SegmentRing | undefined;
  #next = 1;
  #end = 1;

  constructor(options: JournalOptions) {
    const { folder, fileBytes, log } = options;
    this.#memory = new MemoryRing(options.memoryBytes);
    if (folder !== undefined && fileBytes > 0) {
      this.#files = openFiles(folder, fileBytes, log);
      this.#next = this.#end = Math.max(1, this.#files?.next ?? 1);
      this.leftAt = this.#files?.lastWriteAt;
    }
    this.sessions = new RememberedSessions({
      ...options,
      end: this.#end,
      ...(this.#files === undefined ? {} : { folder: folder! }),
    });
  }

  /** The number after the last message that was handed on. */
  get end(): number {
    return this.#end;
  }

  /** Number of the first message that is still there; `end` if none is. */
  get oldest(): number {
    return Math.min(this.#files?.oldest ?? this.#end, this.#memory.oldest ?? this.#end);
  }

  /** The number that the next message will get. */
  get next(): number {
    return this.#next;
  }

  /** Bytes that are numbered, but not handed on yet. */
  get pendingBytes(): number {
    return this.#files?.pendingBytes ?? 0;
  }

  /** Numbers and keeps messages, and hands them on in order, once they are in a file. */
  append(
    messages: readonly RawMessage[],
    targets: readonly (string | undefined)[] | undefined,
    handOn: (batch: Batch) => void,
  ): void {
    const bytes = encodeFrames('v1', messages, () => 0);
    const batch: Batch = { first: this.#next, count: messages.length, bytes, targets };
    this.#next += batch.count;
    const written = (): void => {
      this.#end = batch.first + batch.count;
      this.#memory.add(batch);
      handOn(batch);
    };
    if (this.#files === undefined) written();
    else this.#files.write(batch, written);
  }

  /**
   * Records from `from` on, about `maxBytes` of them. An empty page whose `next` is above `from` says that what is between
   * is gone.
   */
  read(from: number, maxBytes: number): JournalPage | Promise<JournalPage> {
    if (from >= (this.#memory.oldest ?? this.#end)) return this.#readMemory(from, maxBytes);
    return this.#readFiles(from, maxBytes);
  }

  /** What was appended is in its file by the time this resolves. */
  async close(): Promise<void> {
    await this.sessions.flush();
    await this.sessions.stop();
    await this.#files?.close();
  }

  /** For a kernel that is gone: its files, too. */
  async remove(): Promise<void> {
    await this.sessions.stop();
    await this.#files?.remove();
  }

  #readMemory(from: number, maxBytes: number): JournalPage {
    const records: JournalRecord[] = [];
    let bytes = 0;
    let next = from;
    for (const batch of this.#memory.from(from)) {
      if (bytes >= maxBytes) break;
      readBatch(batch, from, records);
      next = batch.first + batch.count;
      bytes += batch.bytes.length;
    }
    return { records, next };
  }

  async #readFiles(from: number, maxBytes: number): Promise<JournalPage> {
    const found = (await this.#files?.read(from, maxBytes)) ?? [];
    if (found.length === 0) return { records: [], next: this.#nextKept(from) };
    const records: JournalRecord[] = [];
    for (const { number, payload } of found) {
      const message = decodeKept(payload);
      // Damaged on the disk. What is before it is a page of its own, then it is skipped as lost.
      if (message === undefined) return { records, next: Math.max(number, from + 1) };
      records.push({ number, message, target: targetOf(message) });
    }
    return { records, next: found.at(-1)!.number + 1 };
  }

  /** The first number after `from` that is in memory or begins a file. */
  #nextKept(from: number): number {
    const inMemory = this.#memory.oldest ?? this.#end;
    return Math.max(from + 1, Math.min(inMemory, this.#files?.segmentAfter(from) ?? inMemory));
  }
}

/** Where messages cannot be kept in files, they are kept in memory: a kernel is not to fail for that. */
function openFiles(folder: string, maxBytes: number, log: Log): SegmentRing | undefined {
  try {
    return new SegmentRing({ folder, maxBytes, log });
  } catch (error) {
    log.warn({ err: error, folder }, 'the journal has no files');
    return undefined;
  }
}

function decodeKept(payload: Buffer): RawMessage | undefined {
  try {
    return decodeV1(payload);
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

/** Files do not say whom a reply was for, but what it answers does. */
function targetOf(message: RawMessage): string | undefined {
  return message.channel === 'iopub' ? undefined : peekString(message.parentHeader, 'session') || undefined;
}

/** Adds the records of a batch from number `from` on. */
function readBatch(batch: Batch, from: number, records: JournalRecord[]): void {
  let at = 0;
  for (let index = 0; index < batch.count; index++) {
    const span = frameAt(batch.bytes, at)!;
    at = span.end;
    const number = batch.first + index;
    if (number < from) continue;
    const message = decodeV1(batch.bytes.subarray(span.start, span.end));
    records.push({ number, message, target: batch.targets?.[index] });
  }
}
