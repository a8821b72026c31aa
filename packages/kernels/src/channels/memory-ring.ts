import type { Batch } from './batch.ts';

// What a batch costs beside its bytes, about: an object, a Buffer, a place in the array.
const batchOverhead = 256;

/** The last batches, up to a number of bytes; the very last one however large it is. */
export class MemoryRing {
  readonly #limit: number;
  #batches: Batch[] = [];
  #head = 0;
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get oldest(): number | undefined {
    return this.#batches[this.#head]?.first;
  }

  add(batch: Batch): void {
    this.#batches.push(batch);
    this.#bytes += batch.bytes.length + batchOverhead;
    while (this.#bytes > this.#limit && this.#head < this.#batches.length - 1) {
      this.#bytes -= this.#batches[this.#head]!.bytes.length + batchOverhead;
      // So that the bytes are free at once, though the array is only cut now and then.
      this.#batches[this.#head] = gone;
      this.#head++;
    }
    if (this.#head > 1024 && this.#head * 2 > this.#batches.length) {
      this.#batches = this.#batches.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Batches from the one that holds `number` on; all of them if it is below the oldest. */
  *from(number: number): Generator<Batch> {
    let low = this.#head;
    let high = this.#batches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const batch = this.#batches[middle]!;
      if (batch.first + batch.count <= number) low = middle + 1;
      else high = middle;
    }
    for (let index = low; index < this.#batches.length; index++) yield this.#batches[index]!;
  }
}

const gone: Batch = { first: 0, count: 0, bytes: Buffer.alloc(0), targets: undefined };
