import { deadlineOf, type KernelState } from './kernel-state.ts';

/** Node's timers hold 31 bits of milliseconds. */
const maxTimerMs = 2 ** 31 - 1;

/** The timer of one kernel: calls back when the state's `until` is over. */
export class KernelDeadline {
  readonly #now: () => number;
  readonly #onOver: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(now: () => number, onOver: () => void) {
    this.#now = now;
    this.#onOver = onOver;
  }

  set(state: KernelState): void {
    this.clear();
    const until = deadlineOf(state);
    if (until === undefined) return;
    const inMs = Math.min(Math.max(0, until - this.#now()), maxTimerMs);
    this.#timer = setTimeout(() => {
      if (this.#now() < until) this.set(state);
      else this.#onOver();
    }, inMs).unref();
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}
