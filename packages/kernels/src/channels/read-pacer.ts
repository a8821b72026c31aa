import type { ChannelLimits } from './limits.ts';

export interface Pausable {
  pause(): void;
  resume(): void;
}

const windowMs = 5;

/**
 * Interrupt moderation for a socket: when messages come quickly and each read carries few of them, the next read is put
 * off a little, so that one read, one write to the journal and one to each client serve many. A message that comes alone
 * is never put off.
 */
export class ReadPacer {
  readonly #socket: Pausable;
  readonly #perWindow: number;
  readonly #delayMs: number;
  #timer: NodeJS.Timeout | undefined;
  #windowStart = 0;
  #inWindow = 0;
  #isHeld = false;
  #isWaiting = false;

  constructor(socket: Pausable, limits: Pick<ChannelLimits, 'batchAboveRate' | 'batchDelayMs'>) {
    this.#socket = socket;
    this.#perWindow = limits.batchAboveRate > 0 ? (limits.batchAboveRate * windowMs) / 1000 : Infinity;
    this.#delayMs = limits.batchDelayMs;
  }

  /** A read has brought `count` messages and they have been dealt with. */
  read(count: number): void {
    const now = performance.now();
    if (now - this.#windowStart > windowMs) {
      this.#windowStart = now;
      this.#inWindow = 0;
    }
    this.#inWindow += count;
    if (this.#inWindow < this.#perWindow || count >= fullRead || this.#isWaiting) return;
    this.#isWaiting = true;
    if (!this.#isHeld) this.#socket.pause();
    if (this.#timer === undefined) this.#timer = setTimeout(() => this.#wake(), this.#delayMs);
    else this.#timer.refresh();
  }

  hold(): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    if (!this.#isWaiting) this.#socket.pause();
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    if (!this.#isWaiting) this.#socket.resume();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wake(): void {
    this.#isWaiting = false;
    if (!this.#isHeld) this.#socket.resume();
  }
}

// A read of this many messages is worth its cost as it is.
const fullRead = 64;
