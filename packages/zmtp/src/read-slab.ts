const smallest = 4 * 1024;
const largest = 64 * 1024;

/**
 * Memory to read into, handed out piece by piece and never twice: messages are views of it. It is taken in slabs
 * that grow while reads fill them and shrink when they do not, so an idle connection keeps little.
 */
export class ReadSlab {
  #slab = Buffer.alloc(0);
  #start = 0;
  #size = smallest / 2;
  #wasFilled = true;

  /** Where the next read may write. */
  free(): Buffer {
    const left = this.#slab.length - this.#start;
    if (left * 4 < this.#slab.length || left === 0) {
      this.#size = Math.min(largest, Math.max(smallest, this.#wasFilled ? this.#size * 2 : this.#size / 2));
      this.#slab = Buffer.allocUnsafeSlow(this.#size);
      this.#start = 0;
      this.#wasFilled = false;
    }
    return this.#start === 0 ? this.#slab : this.#slab.subarray(this.#start);
  }

  /** What a read of so many bytes into `free()` has brought. */
  take(bytes: number): Buffer {
    const end = this.#start + bytes;
    const chunk = this.#slab.subarray(this.#start, end);
    this.#start = end;
    if (end === this.#slab.length) this.#wasFilled = true;
    return chunk;
  }
}
