import { firstByte, isLineEnd, isPlainEnd, lineEndsIn, plainEndsIn, viewOf } from './byte-scan.ts';

const spelledKeys = new Map<string, Buffer>();
const maxSpelledKeys = 1024;

/** A text's bytes, also to be read four at a time. */
interface SourceText {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** So much is copied between two looks at the room that is left. */
const blockBytes = 4096;

/** Below this size, copying word by word is quicker than making a view for set(). */
const smallBytes = 256;

/** Bytes appended to a buffer that grows by doubling. */
export class ByteSink {
  bytes: Buffer;
  length = 0;
  private capacity: number;
  private target: DataView;
  private source: Uint8Array;
  private sourceView: DataView;

  constructor(capacity = 4096) {
    this.bytes = Buffer.allocUnsafeSlow(Math.max(64, capacity));
    this.capacity = this.bytes.length;
    this.target = viewOf(this.bytes);
    this.source = this.bytes;
    this.sourceView = this.target;
  }

  /** Makes room for `more` bytes, to be written at `length` without further checks. */
  reserve(more: number): void {
    const needed = this.length + more;
    if (needed > this.capacity) this.grow(needed);
  }

  private grow(needed: number): void {
    const bigger = Buffer.allocUnsafeSlow(Math.max(needed, this.capacity * 2));
    bigger.set(this.bytes.subarray(0, this.length));
    this.bytes = bigger;
    this.target = viewOf(bigger);
    this.capacity = bigger.length;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** For text that is known to be ASCII. */
  ascii(text: string): void {
    this.reserve(text.length);
    for (let i = 0; i < text.length; i++) this.bytes[this.length + i] = text.charCodeAt(i);
    this.length += text.length;
  }

  /** An object's key as JSON. The same few dozen come again and again. */
  key(key: string): void {
    let spelled = spelledKeys.get(key);
    if (spelled === undefined) {
      // JSON.stringify spells control characters and half surrogate pairs as Python does.
      spelled = Buffer.from(JSON.stringify(key), 'utf8');
      if (spelledKeys.size < maxSpelledKeys) spelledKeys.set(key, spelled);
    }
    this.copySmall(spelled);
  }

  /** For a dozen bytes that are no part of the document. */
  copySmall(source: Uint8Array): void {
    const size = source.length;
    this.reserve(size);
    const { bytes } = this;
    for (let i = 0, at = this.length; i < size; i++) bytes[at++] = source[i]!;
    this.length += size;
  }

  utf8(text: string): void {
    const bytes = Buffer.from(text, 'utf8');
    this.copy(bytes, 0, bytes.length);
  }

  copy(source: Uint8Array, start: number, end: number): void {
    const size = end - start;
    this.reserve(size);
    if (size >= smallBytes) this.bytes.set(source.subarray(start, end), this.length);
    else if (size >= 4) this.copyWords(source, start, end);
    else for (let i = start, at = this.length; i < end; i++) this.bytes[at++] = source[i]!;
    this.length += size;
  }

  private copyWords(source: Uint8Array, start: number, end: number): void {
    // A document is copied from millions of times.
    if (source !== this.source) {
      this.source = source;
      this.sourceView = viewOf(source);
    }
    const { target, sourceView, length } = this;
    const last = end - 4;
    let at = length;
    for (let i = start; i < last; i += 4, at += 4) target.setInt32(at, sourceView.getInt32(i, true), true);
    // The last word may overlap the one before.
    target.setInt32(length + last - start, sourceView.getInt32(last, true), true);
  }

  /**
   * Copies up to the next quote, backslash or control character, of which there must be one; answers where it is. One pass:
   * every word is written, and what was too much of the last is written over.
   */
  copyPlain(source: SourceText, from: number): number {
    const { bytes, view } = source;
    const last = view.byteLength - 4;
    let i = from;
    while (i <= last) {
      if (this.length + blockBytes > this.capacity) this.reserve(blockBytes);
      const { target, capacity } = this;
      let at = this.length;
      for (; i <= last && at + 4 <= capacity; i += 4, at += 4) {
        const word = view.getInt32(i, true);
        target.setInt32(at, word, true);
        const found = plainEndsIn(word);
        if (found !== 0) {
          const plain = firstByte(found);
          this.length = at + plain;
          return i + plain;
        }
      }
      this.length = at;
    }
    for (; !isPlainEnd(bytes[i]!); i++) this.byte(bytes[i]!);
    return i;
  }

  /** As `copyPlain`, up to the next byte before `end` at which a line may end, or to `end`. */
  copyLine(source: SourceText, from: number, end: number): number {
    const { bytes, view } = source;
    const last = end - 4;
    let i = from;
    while (i <= last) {
      if (this.length + blockBytes > this.capacity) this.reserve(blockBytes);
      const { target, capacity } = this;
      let at = this.length;
      for (; i <= last && at + 4 <= capacity; i += 4, at += 4) {
        const word = view.getInt32(i, true);
        target.setInt32(at, word, true);
        const found = lineEndsIn(word);
        if (found !== 0) {
          const plain = firstByte(found);
          this.length = at + plain;
          return i + plain;
        }
      }
      this.length = at;
    }
    for (; i < end && !isLineEnd(bytes[i]!); i++) this.byte(bytes[i]!);
    return i;
  }

  /** What was written; a view. */
  view(): Buffer {
    return this.bytes.subarray(0, this.length);
  }
}
