import {
  close as closeFile,
  closeSync,
  ftruncateSync,
  mkdirSync,
  readdirSync,
  statSync,
  write as writeFile,
  writev,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../log.ts';
import type { Batch } from './batch.ts';
import { firstOf, Segment, segmentName, type SegmentRecord } from './segment.ts';

export interface SegmentRingOptions {
  readonly folder: string;
  /** Of all segments together. */
  readonly maxBytes: number;
  readonly log: Log;
}

interface Pending {
  readonly batch: Batch;
  readonly written: () => void;
}

const segmentsInRing = 8;
const retryAfterMs = 10_000;

/** The last messages in files, up to a number of bytes. What cannot be written is skipped: memory has it, for a while. */
export class SegmentRing {
  readonly #options: SegmentRingOptions;
  #segments: Segment[] = [];
  #fd: number | undefined;
  #pending: Pending[] = [];
  #pendingBytes = 0;
  #isWriting = false;
  #notBefore = 0;
  readonly #idle: (() => void)[] = [];
  /** Of old segments; never rejects. */
  #removal: Promise<unknown> = Promise.resolve();
  /** When the last of what was found at the start was written; undefined if nothing was. */
  lastWriteAt: number | undefined;

  constructor(options: SegmentRingOptions) {
    this.#options = options;
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    this.#recover();
  }

  get oldest(): number | undefined {
    return this.#segments[0]?.first;
  }

  /** Number after the last that is in a file. */
  get next(): number {
    return this.#segments.at(-1)?.next ?? 0;
  }

  /** Bytes that wait for being written. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /**
   * Calls `written` when the batch is in the file, or cannot be; in the order of the calls. A thread writes, also what is small:
   * a busy disk can make any call to the file system wait for seconds (ext4 joins its commit), and a kernel's PUB drops what
   * is not read meanwhile.
   */
  write(batch: Batch, written: () => void): void {
    this.#pending.push({ batch, written });
    this.#pendingBytes += batch.bytes.length;
    if (!this.#isWriting) this.#writePending();
  }

  /** Records from `from` on; empty if they are in no file any more. */
  async read(from: number, maxBytes: number): Promise<SegmentRecord[]> {
    const segment = this.#segments.findLast(({ first }) => first <= from);
    if (segment === undefined || from >= segment.next) return [];
    try {
      return await segment.read(from, maxBytes);
    } catch (error) {
      this.#options.log.warn({ err: error, path: segment.path }, 'a segment of the journal cannot be read');
      return [];
    }
  }

  /** The first number above `number` that begins a segment. */
  segmentAfter(number: number): number | undefined {
    return this.#segments.find(({ first }) => first > number)?.first;
  }

  /** What is still to be written is written by the time this resolves, and what is too old is gone. */
  async close(): Promise<void> {
    while (this.#isWriting) {
      // oxlint-disable-next-line no-await-in-loop
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    }
    this.#closeFile();
    await this.#removal;
  }

  async remove(): Promise<void> {
    await this.close();
    await rm(this.#options.folder, { recursive: true, force: true });
  }

  #recover(): void {
    const { folder, log } = this.#options;
    const firsts = readdirSync(folder)
      .map(firstOf)
      .filter((first) => first !== undefined)
      .toSorted((a, b) => a - b);
    firsts.forEach((first, index) => {
      const path = join(folder, segmentName(first));
      try {
        const following = firsts[index + 1];
        const stat = statSync(path);
        this.lastWriteAt = stat.mtimeMs;
        this.#segments.push(
          following === undefined
            ? Segment.recover(folder, first)
            : Segment.closed(folder, first, following, stat.size),
        );
      } catch (error) {
        log.warn({ err: error, path }, 'a segment of the journal cannot be read');
      }
    });
  }

  /** What waits, as much of it as a segment holds, in one write of a thread's. */
  #writePending(): void {
    const taken = this.#takePending(this.#options.maxBytes / segmentsInRing);
    const first = taken[0];
    if (first === undefined) {
      this.#isWriting = false;
      for (const resolve of this.#idle.splice(0)) resolve();
      return;
    }
    this.#isWriting = true;
    const total = taken.reduce((sum, { batch }) => sum + batch.bytes.length, 0);
    const finish = (): void => {
      this.#pendingBytes -= total;
      // What is appended by a callback waits its turn: the order is that of the numbers.
      for (const { written } of taken) written();
      this.#writePending();
    };
    this.#withFileFor(first.batch, (file) => {
      if (file === undefined) return finish();
      const { fd, segment } = file;
      writeAll(
        fd,
        taken.map(({ batch }) => batch.bytes),
        segment.size,
        (error) => {
          if (error) this.#failed(error, segment);
          else for (const { batch } of taken) segment.added(batch.count, batch.bytes.length);
          finish();
        },
      );
    });
  }

  #takePending(maxBytes: number): Pending[] {
    let bytes = 0;
    const firstLeft = this.#pending.findIndex(({ batch }, index) => {
      bytes += batch.bytes.length;
      return index > 0 && bytes > maxBytes;
    });
    return this.#pending.splice(0, firstLeft < 0 ? this.#pending.length : firstLeft);
  }

  /** The segment that the batch belongs in; a new one if the last is full or ends elsewhere. */
  #withFileFor(batch: Batch, use: (file: { fd: number; segment: Segment } | undefined) => void): void {
    const last = this.#segments.at(-1);
    const { maxBytes, folder } = this.#options;
    const isFull = last !== undefined && last.size >= maxBytes / segmentsInRing;
    if (last !== undefined && this.#fd !== undefined && last.next === batch.first && !isFull) {
      use({ fd: this.#fd, segment: last });
    } else if (performance.now() < this.#notBefore) {
      setImmediate(use, undefined);
    } else {
      this.#leaveFile();
      // Files that are slow to go are not joined by ever more.
      const created = this.#removal.then(() => Segment.create(folder, batch.first));
      created.then(
        ({ segment, fd }) => {
          // An empty one of the same name, left by a process that wrote nothing into it, is this one now.
          if (last?.first === segment.first) this.#segments.pop();
          this.#segments.push(segment);
          this.#fd = fd;
          this.#dropOldest();
          use({ fd, segment });
        },
        (error: unknown) => {
          this.#failed(error, undefined);
          use(undefined);
        },
      );
    }
  }

  #dropOldest(): void {
    let total = this.#segments.reduce((sum, { size }) => sum + size, 0);
    const allowed = this.#options.maxBytes * (1 - 2 / segmentsInRing);
    const old: Segment[] = [];
    while (total > allowed && this.#segments.length > 1) {
      const oldest = this.#segments.shift()!;
      total -= oldest.size;
      old.push(oldest);
    }
    if (old.length > 0) this.#removal = Promise.all(old.map((segment) => this.#removeFile(segment)));
  }

  async #removeFile({ path }: Segment): Promise<void> {
    try {
      await rm(path, { force: true });
    } catch (error) {
      this.#options.log.warn({ err: error, path }, 'an old segment of the journal cannot be removed');
    }
  }

  /** The disk is full, or gone. Half a record is cut off; after a while it is tried again, in a new segment. */
  #failed(error: unknown, segment: Segment | undefined): void {
    this.#options.log.warn({ err: error }, 'the journal cannot be written; messages are kept in memory only');
    this.#notBefore = performance.now() + retryAfterMs;
    try {
      if (segment !== undefined && this.#fd !== undefined) ftruncateSync(this.#fd, segment.size);
    } catch {
      // Then it is cut off by whoever recovers it.
    }
    this.#closeFile();
  }

  /** As `#closeFile`, by a thread. */
  #leaveFile(): void {
    // What fails when it is closed, failed when it was written.
    if (this.#fd !== undefined) closeFile(this.#fd, () => {});
    this.#fd = undefined;
  }

  #closeFile(): void {
    if (this.#fd === undefined) return;
    closeSync(this.#fd);
    this.#fd = undefined;
  }
}

function writeAll(
  fd: number,
  buffers: Buffer[],
  position: number,
  done: (error: NodeJS.ErrnoException | null) => void,
): void {
  const total = buffers.reduce((sum, { length }) => sum + length, 0);
  const after = (error: NodeJS.ErrnoException | null, written: number): void => {
    if (error || written === total) done(error);
    else if (written === 0) done(new Error('nothing could be written'));
    else writeAll(fd, [Buffer.concat(buffers).subarray(written)], position + written, done);
  };
  if (buffers.length === 1) writeFile(fd, buffers[0]!, 0, total, position, after);
  else writev(fd, buffers, position, after);
}
