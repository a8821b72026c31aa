import {
  closeSync,
  fstatSync,
  ftruncateSync,
  open as openFd,
  openSync,
  readSync,
  write,
  writeSync,
} from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { frameAt, maxFrameHeaderSize, type FrameSpan } from '@perijove/protocol';

const openFile = promisify(openFd);
const writeFile = promisify(write);

// A segment of a journal: a head, then v1 WebSocket frames exactly as clients get them, numbered without a gap from the
// number in its name. Whatever follows the last whole frame is what a crash left of a write.
const magic = Buffer.from('PERIJRN1', 'latin1');
const suffix = '.journal';
const binaryFrame = 0x82;

/** Entries of the index are about so far apart. */
const indexStep = 256 * 1024;
const chunkBytes = 1024 * 1024;

interface IndexEntry {
  readonly number: number;
  readonly offset: number;
}

export interface SegmentRecord {
  readonly number: number;
  /** The v1 frame without its WebSocket header. */
  readonly payload: Buffer;
}

export function segmentName(first: number): string {
  return `${String(first).padStart(16, '0')}${suffix}`;
}

/** The number in a segment's name; undefined for other files. */
export function firstOf(name: string): number | undefined {
  const digits = /^(\d{16})\.journal$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

export class Segment {
  readonly path: string;
  readonly first: number;
  /** Number after its last record. */
  next: number;
  /** Bytes of whole records, head included. */
  size: number;
  readonly #index: IndexEntry[];

  private constructor(path: string, first: number, next: number, size: number) {
    this.path = path;
    this.first = first;
    this.next = next;
    this.size = size;
    this.#index = [{ number: first, offset: magic.length }];
  }

  /** Creates its file; the caller owns the descriptor. Rejects with what the file system says. */
  static async create(folder: string, first: number): Promise<{ segment: Segment; fd: number }> {
    const segment = new Segment(join(folder, segmentName(first)), first, first, magic.length);
    const fd = await openFile(segment.path, 'w', 0o600);
    try {
      await writeFile(fd, magic, 0, magic.length, 0);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    return { segment, fd };
  }

  /** One that another process has written and is known to be whole, since another follows it. */
  static closed(folder: string, first: number, next: number, size: number): Segment {
    return new Segment(join(folder, segmentName(first)), first, next, size);
  }

  /** The last that another process has written: counts its records and cuts off what is not a whole one. */
  static recover(folder: string, first: number): Segment {
    const path = join(folder, segmentName(first));
    const fd = openSync(path, 'r+');
    try {
      const segment = new Segment(path, first, first, magic.length);
      const total = fstatSync(fd).size;
      const head = Buffer.alloc(magic.length);
      if (readSync(fd, head, 0, head.length, 0) < head.length || !head.equals(magic)) {
        ftruncateSync(fd, 0);
        writeSync(fd, magic, 0, magic.length, 0);
        return segment;
      }
      countRecords(fd, segment, total);
      if (segment.size < total) ftruncateSync(fd, segment.size);
      return segment;
    } finally {
      closeSync(fd);
    }
  }

  /** Records have been added to the file. */
  added(count: number, bytes: number): void {
    const last = this.#index.at(-1)!;
    if (this.size - last.offset >= indexStep) this.#index.push({ number: this.next, offset: this.size });
    this.next += count;
    this.size += bytes;
  }

  /** Records from number `from` on, at least one if there is one, and about `maxBytes` of them. */
  async read(from: number, maxBytes: number): Promise<SegmentRecord[]> {
    const file = await open(this.path, 'r');
    try {
      return await this.#readFrom(file, from, maxBytes);
    } finally {
      await file.close();
    }
  }

  async #readFrom(file: FileHandle, from: number, maxBytes: number): Promise<SegmentRecord[]> {
    const records: SegmentRecord[] = [];
    let { number, offset } = this.#entryFor(from);
    let wanted = chunkBytes;
    let taken = 0;
    const end = this.size;
    while (number < this.next && offset < end && taken < maxBytes) {
      // oxlint-disable-next-line no-await-in-loop
      const chunk = await readAt(file, offset, Math.min(wanted, end - offset));
      let at = 0;
      wanted = chunkBytes;
      while (at < chunk.length && taken < maxBytes) {
        const span = frameAt(chunk, at);
        if (span === undefined) break;
        if (number >= from) {
          records.push({ number, payload: chunk.subarray(span.start, span.end) });
          taken += span.end - at;
        }
        number++;
        at = span.end;
      }
      if (at === 0) {
        const needed = sizeOfFrame(chunk);
        // Nothing was cut off by this process, so what does not fit was damaged since: as if it were not there.
        if (needed === undefined || needed <= chunk.length || offset + needed > end) break;
        wanted = needed;
      }
      offset += at;
    }
    return records;
  }

  #entryFor(number: number): IndexEntry {
    let low = 0;
    let high = this.#index.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#index[middle]!.number <= number) low = middle;
      else high = middle - 1;
    }
    return this.#index[low]!;
  }
}

function countRecords(fd: number, segment: Segment, total: number): void {
  const chunk = Buffer.allocUnsafe(chunkBytes);
  const isRecord = (bytes: Buffer, at: number, span: FrameSpan): boolean =>
    bytes[at] === binaryFrame && span.end - span.start >= 8;
  for (;;) {
    const length = readSync(fd, chunk, 0, chunk.length, segment.size);
    const bytes = chunk.subarray(0, length);
    let at = 0;
    for (;;) {
      const span = frameAt(bytes, at);
      if (span === undefined || !isRecord(bytes, at, span)) break;
      segment.added(1, span.end - at);
      at = span.end;
    }
    if (at > 0) continue;
    // One that is larger than the chunk is whole if the file is long enough.
    const size = sizeOfFrame(bytes);
    if (size === undefined || bytes[0] !== binaryFrame || size <= length || segment.size + size > total)
      return;
    segment.added(1, size);
  }
}

/** Size with its header of the frame that begins here, though it may not be there as a whole. */
function sizeOfFrame(bytes: Buffer): number | undefined {
  const short = bytes[1];
  if (short === undefined || bytes.length < maxFrameHeaderSize || (bytes[0]! & 0xf0) !== 0x80)
    return undefined;
  if (short < 126) return 2 + short;
  if (short === 126) return 4 + bytes.readUInt16BE(2);
  return 10 + bytes.readUInt32BE(2) * 2 ** 32 + bytes.readUInt32BE(6);
}

async function readAt(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    // oxlint-disable-next-line no-await-in-loop
    const { bytesRead } = await file.read(bytes, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
