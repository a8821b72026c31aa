// Up to this size a frame's memory is taken at once.
const smallFrame = 64 * 1024;

/**
 * A frame that comes in several chunks. Its memory is taken once half of it has come, so that it is never more
 * than twice what the peer has really sent; until then the chunks are kept. Each byte is copied once.
 */
export class FrameAssembly {
  readonly #size: number;
  #received = 0;
  #kept: Buffer[] | undefined = [];
  #frame: Buffer | undefined;

  constructor(size: number) {
    this.#size = size;
    if (size <= smallFrame) this.#frame = Buffer.allocUnsafe(size);
  }

  /** Takes what belongs to the frame from `chunk` at `offset`; returns how many bytes that was. */
  add(chunk: Buffer, offset: number): number {
    const end = Math.min(chunk.length, offset + this.#size - this.#received);
    const length = end - offset;
    if (this.#frame === undefined && (this.#received + length) * 2 >= this.#size) this.#unite();
    if (this.#frame === undefined) this.#kept?.push(chunk.subarray(offset, end));
    else chunk.copy(this.#frame, this.#received, offset, end);
    this.#received += length;
    return length;
  }

  finished(): Buffer | undefined {
    return this.#received === this.#size ? this.#frame : undefined;
  }

  #unite(): void {
    const frame = Buffer.allocUnsafeSlow(this.#size);
    let position = 0;
    for (const part of this.#kept ?? []) position += part.copy(frame, position);
    this.#kept = undefined;
    this.#frame = frame;
  }
}
