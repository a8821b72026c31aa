import * as flag from './frame-flags.ts';
import { maxHeaderSize, writeHeader } from './frame-encoder.ts';

// Above this a frame goes out from its own memory; below, a copy is cheaper than one more entry of a writev.
const copyBelow = 8 * 1024;
const firstSlab = 1024;
const lastSlab = 64 * 1024;

/** Encodes messages into few buffers: small frames are copied together, large ones are passed by reference. */
export class OutgoingBatch {
  #slab = Buffer.alloc(0);
  #slabSize = firstSlab;
  /** The slab's bytes from here to `#end` are in the batch but not yet in `#buffers`. */
  #start = 0;
  #end = 0;
  #buffers: Buffer[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  addMessage(frames: readonly Buffer[]): void {
    const last = frames.length - 1;
    for (let index = 0; index <= last; index++) {
      this.#addFrame(index === last ? 0 : flag.more, frames[index]!);
    }
  }

  addCommand(body: Buffer): void {
    this.#addFrame(flag.command, body);
  }

  /** Already framed bytes, as they are. */
  addRaw(bytes: Buffer): void {
    this.#closeRun();
    this.#buffers.push(bytes);
    this.#bytes += bytes.length;
  }

  take(): Buffer[] {
    this.#closeRun();
    const buffers = this.#buffers;
    this.#buffers = [];
    this.#bytes = 0;
    return buffers;
  }

  #addFrame(flags: number, body: Buffer): void {
    const size = body.length;
    const isCopied = size < copyBelow;
    const needed = maxHeaderSize + (isCopied ? size : 0);
    if (this.#slab.length - this.#end < needed) this.#nextSlab(needed);
    const before = this.#end;
    let end = writeHeader(this.#slab, before, flags, size);
    if (isCopied) {
      this.#slab.set(body, end);
      end += size;
    }
    this.#end = end;
    this.#bytes += end - before;
    if (!isCopied) this.addRaw(body);
  }

  #closeRun(): void {
    if (this.#end === this.#start) return;
    this.#buffers.push(this.#slab.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }

  #nextSlab(needed: number): void {
    this.#closeRun();
    // A quiet connection (heartbeats) stays with little memory.
    this.#slab = Buffer.allocUnsafeSlow(Math.max(this.#slabSize, needed));
    this.#slabSize = Math.min(this.#slabSize * 2, lastSlab);
    this.#start = 0;
    this.#end = 0;
  }
}
