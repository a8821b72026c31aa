// Up to this size a frame's memory is taken at once.
const smallFrame = 64 * 1024;
// Above, once this part of it has come.
const trustedPart = 1 / 16;

/**
 * A frame that comes in several chunks. Its memory is taken when a sixteenth of it has come, so a peer that merely
 * announces a size gets nothing for it; until then the chunks are kept. The rest can be read into its place.
 */
export class FrameAssembly {
  readonly #size: number;
  #received = 0;
  #kept: Buffer[] = [];
  #frame: Buffer | undefined;

  constructor(size: number) {
    this.#size = size;
    if (size <= smallFrame) this.#frame = Buffer.allocUnsafe(size);
  }

  /** Takes what belongs to the frame from `chunk` at `offset`; returns how many bytes that was. */
  add(chunk: Buffer, offset: number): number {
    const end = Math.min(chunk.length, offset + this.#size - this.#received);
    const length = end - offset;
    if (this.#frame === undefined && this.#received + length >= this.#size * trustedPart) this.#unite();
    if (this.#frame === undefined) this.#kept.push(chunk.subarray(offset, end));
    else chunk.copy(this.#frame, this.#received, offset, end);
    this.#received += length;
    return length;
  }

  /** The place for what is missing, if there is memory for it. */
  missing(): Buffer | undefined {
    return this.#frame?.subarray(this.#received);
  }

  /** So many bytes were written to the start of `missing()`. */
  advance(bytes: number): void {
    this.#received += bytes;
  }

  finished(): Buffer | undefined {
    return this.#received === this.#size ? this.#frame : undefined;
  }

  #unite(): void {
    const frame = Buffer.allocUnsafeSlow(this.#size);
    let position = 0;
    for (const part of this.#kept) position += part.copy(frame, position);
    this.#kept = [];
    this.#frame = frame;
  }
}
