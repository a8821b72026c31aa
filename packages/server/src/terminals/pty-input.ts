import { writeSync } from 'node:fs';

/** Between attempts while the program takes nothing. */
const firstPauseMs = 1;
const longestPauseMs = 50;

/**
 * Input on its way to a program. node-pty's own `write` waits in the event loop until the program takes all of it: a paste
 * into one that reads nothing would stop the whole server. The descriptor does not block, so this writes what fits and comes
 * back later for the rest.
 */
export class PtyInput {
  readonly #descriptor: () => number | undefined;
  readonly #queue: Buffer[] = [];
  #pending = 0;
  #pauseMs = firstPauseMs;
  #retry: NodeJS.Timeout | undefined;

  /** `descriptor` gives undefined once it is closed: its number may then be another file's. */
  constructor(descriptor: () => number | undefined) {
    this.#descriptor = descriptor;
  }

  /** Bytes that the program has not taken. */
  get pending(): number {
    return this.#pending;
  }

  write(text: string): void {
    const bytes = Buffer.from(text);
    if (bytes.length === 0) return;
    this.#queue.push(bytes);
    this.#pending += bytes.length;
    if (this.#retry === undefined) this.#flush();
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#queue.length = 0;
    this.#pending = 0;
  }

  #flush(): void {
    this.#retry = undefined;
    for (let bytes = this.#queue[0]; bytes !== undefined; bytes = this.#queue[0]) {
      const descriptor = this.#descriptor();
      if (descriptor === undefined) return this.close();
      let written: number;
      try {
        written = writeSync(descriptor, bytes);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return this.#pause();
        // EIO: nobody is at the other end any more.
        return this.close();
      }
      this.#pauseMs = firstPauseMs;
      this.#pending -= written;
      if (written === bytes.length) this.#queue.shift();
      else this.#queue[0] = bytes.subarray(written);
    }
  }

  #pause(): void {
    this.#retry = setTimeout(() => this.#flush(), this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs);
  }
}
