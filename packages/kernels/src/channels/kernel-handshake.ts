import type { Log } from '../log.ts';

export interface HandshakeOptions {
  readonly log: Log;
  readonly iopubConfirmMs: number;
  /** Sends a kernel_info_request whose traffic clients do not see. */
  ask(channel: 'shell' | 'control'): void;
  /** It has answered, and what it publishes is seen: messages of clients may go out. */
  done(): void;
}

const controlAgainMs = 2000;
const confirmAgainMs = 200;

/**
 * Finds out that a kernel answers and that its iopub reaches us, before the first message of a client goes out: a PUB
 * drops silently what it says before it knows of its subscriber.
 *
 * It is asked once on shell (sockets lose nothing; a busy kernel would answer each question in the end) and on control,
 * where a busy kernel answers too. Once it has answered, it is asked until something is seen on iopub.
 */
export class KernelHandshake {
  readonly #options: HandshakeOptions;
  #hasReply = false;
  #hasIopub = false;
  #isDone = false;
  #timer: NodeJS.Timeout | undefined;
  #confirmUntil = 0;

  constructor(options: HandshakeOptions) {
    this.#options = options;
  }

  start(): void {
    this.#options.ask('shell');
    this.#options.ask('control');
    this.#again(controlAgainMs);
  }

  sawReply(): void {
    if (this.#hasReply) return;
    this.#hasReply = true;
    this.#confirmUntil = performance.now() + this.#options.iopubConfirmMs;
    if (!this.#finishIfDone()) this.#again(confirmAgainMs);
  }

  sawIopub(): void {
    if (this.#hasIopub) return;
    this.#hasIopub = true;
    this.#finishIfDone();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#isDone = true;
  }

  #again(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), delayMs);
  }

  #ask(): void {
    if (this.#isDone) return;
    if (!this.#hasReply) {
      this.#options.ask('control');
      this.#again(controlAgainMs);
      return;
    }
    if (performance.now() >= this.#confirmUntil) {
      const { iopubConfirmMs } = this.#options;
      this.#options.log.warn({ iopubConfirmMs }, 'the kernel answers, but nothing is seen on iopub');
      this.#hasIopub = true;
      this.#finishIfDone();
      return;
    }
    this.#options.ask('shell');
    this.#options.ask('control');
    this.#again(confirmAgainMs);
  }

  #finishIfDone(): boolean {
    if (this.#isDone || !this.#hasReply || !this.#hasIopub) return this.#isDone;
    this.stop();
    this.#options.done();
    return true;
  }
}
