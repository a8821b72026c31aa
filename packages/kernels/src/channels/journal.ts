import { decodeV1, encodeFrames, frameAt, type RawMessage } from '@perijove/protocol';
import type { Batch } from './batch.ts';
import { MemoryRing } from './memory-ring.ts';

export interface JournalLimits {
  /** Of messages kept in memory. */
  readonly memoryBytes: number;
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

/** Numbers and keeps what a kernel said. Numbers begin at 1 and are never used twice. */
export class Journal {
  readonly #memory: MemoryRing;
  #next = 1;

  constructor(limits: JournalLimits) {
    this.#memory = new MemoryRing(limits.memoryBytes);
  }

  /** The number that the next message will get. */
  get next(): number {
    return this.#next;
  }

  /** Number of the first message that is still there; `next` if none is. */
  get oldest(): number {
    return this.#memory.oldest ?? this.#next;
  }

  /** Numbers and keeps messages. */
  append(messages: readonly RawMessage[], targets?: readonly (string | undefined)[]): Batch {
    const bytes = encodeFrames('v1', messages, () => 0);
    const batch: Batch = { first: this.#next, count: messages.length, bytes, targets };
    this.#next += batch.count;
    this.#memory.add(batch);
    return batch;
  }

  /** At least one record from `from` on, which must not be below `oldest`, and about `maxBytes` of them; none at the end. */
  read(from: number, maxBytes: number): JournalPage {
    const records: JournalRecord[] = [];
    let bytes = 0;
    let next = from;
    for (const batch of this.#memory.from(from)) {
      if (bytes >= maxBytes) break;
      next = readBatch(batch, next, records);
      bytes += batch.bytes.length;
    }
    return { records, next };
  }
}

/** Adds the records of a batch from number `from` on; returns the number after the last. */
function readBatch(batch: Batch, from: number, records: JournalRecord[]): number {
  let at = 0;
  for (let index = 0; index < batch.count; index++) {
    const span = frameAt(batch.bytes, at)!;
    at = span.end;
    const number = batch.first + index;
    if (number < from) continue;
    records.push({ number, message: decodeV1(batch.bytes.subarray(span.start, span.end)), target: batch.targets?.[index] });
  }
  return batch.first + batch.count;
}
