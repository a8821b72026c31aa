const spelledKeys = new Map<string, Buffer>();
const maxSpelledKeys = 1024;

/** Bytes appended to a buffer that grows by doubling. */
export class ByteSink {
  bytes: Buffer;
  length = 0;

  constructor(capacity = 4096) {
    this.bytes = Buffer.allocUnsafeSlow(Math.max(64, capacity));
  }

  /** Makes room for `more` bytes, to be written at `length` without further checks. */
  reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const bigger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    bigger.set(this.bytes.subarray(0, this.length));
    this.bytes = bigger;
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
    this.copy(spelled, 0, spelled.length);
  }

  utf8(text: string): void {
    const bytes = Buffer.from(text, 'utf8');
    this.copy(bytes, 0, bytes.length);
  }

  copy(source: Uint8Array, start: number, end: number): void {
    const size = end - start;
    this.reserve(size);
    // Below this size a loop is quicker than making a view for set().
    if (size < 64) {
      const { bytes } = this;
      let at = this.length;
      for (let i = start; i < end; i++) bytes[at++] = source[i]!;
    } else {
      this.bytes.set(source.subarray(start, end), this.length);
    }
    this.length += size;
  }

  /** What was written; a view. */
  view(): Buffer {
    return this.bytes.subarray(0, this.length);
  }
}
