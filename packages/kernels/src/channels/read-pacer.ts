import type { ChannelLimits } from './limits.ts';

export interface Pausable {
  pause(): void;
  resume(): void;
}

// Ten messages at 500 a second: what one small cell says (busy, its input, a line, idle) is not yet quick.
const windowMs = 20;

/**
 * Interrupt moderation for a socket: when messages come quickly and each read carries few of them, the next read is put
 * off a little, so that one read, one write to the journal and one to each client serve many. A message that comes alone
 * is never put off.
 */
export class ReadPacer {
  readonly #socket: Pausable;
  readonly #perWindow: number;
  readonly #delayMs: number;
  #holdMs: number;
  #timer: NodeJS.Timeout | undefined;
  #windowStart = 0;
  #inWindow = 0;
  /** Whether the window before was. */
  #isQuick = false;
  #isHeld = false;
  #isWaiting = false;

  constructor(socket: Pausable, limits: Pick<ChannelLimits, 'batchAboveRate' | 'batchDelayMs'>) {
    this.#socket = socket;
    this.#perWindow = limits.batchAboveRate > 0 ? (limits.batchAboveRate * windowMs) / 1000 : Infinity;
    this.#delayMs = limits.batchDelayMs;
    this.#holdMs = limits.batchDelayMs;
  }

  /** A read has brought `count` messages of so many bytes, and they have been dealt with. */
  read(count: number, bytes: number): void {
    const now = performance.now();
    const elapsed = now - this.#windowStart;
    if (elapsed > windowMs) {
      // Held back reads stretch a window; a pause of the kernel's ends the quick time.
      this.#isQuick = elapsed < 4 * windowMs && this.#inWindow >= this.#perWindow;
      // No longer than a full read takes to come: of a kernel that says more, what waits while nobody reads is lost time.
      const untilFull = Math.floor((fullRead * elapsed) / this.#inWindow);
      this.#holdMs = this.#isQuick ? Math.min(this.#delayMs, untilFull) : this.#delayMs;
      this.#windowStart = now;
      this.#inWindow = 0;
    }
    this.#inWindow += count;
    const isQuick = this.#isQuick || this.#inWindow >= this.#perWindow;
    if (!isQuick || this.#holdMs < 1 || count >= fullRead || bytes >= fullReadBytes) return;
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    if (!this.#isHeld) this.#socket.pause();
    this.#timer = setTimeout(() => this.#wake(), this.#holdMs);
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

// A read of this many messages is worth its cost as it is; one of this many bytes takes half of what a read can, and to put off
// the next would make the kernel wait.
const fullRead = 64;
const fullReadBytes = 32 * 1024;
