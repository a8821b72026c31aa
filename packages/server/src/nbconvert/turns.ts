import { ServerError } from '../errors.ts';

/** Lets so many run at a time, and so many wait; more are refused with UNAVAILABLE. */
export class Turns {
  readonly #concurrency: number;
  readonly #queueLimit: number;
  readonly #waiting: { start: () => void; signal: AbortSignal }[] = [];
  #running = 0;

  constructor(concurrency: number, queueLimit: number) {
    this.#concurrency = concurrency;
    this.#queueLimit = queueLimit;
  }

  /** Resolves with the function that ends the turn. Rejects with the signal's reason if that aborts before. */
  async take(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#running >= this.#concurrency) {
      if (this.#waiting.length >= this.#queueLimit) {
        throw new ServerError('UNAVAILABLE', 'Too many notebooks are being converted; try again later');
      }
      await this.#wait(signal);
    } else {
      this.#running++;
    }
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next.start();
    };
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1);
        reject(signal.reason as Error);
      };
      const entry = {
        signal,
        start: () => {
          signal.removeEventListener('abort', abort);
          resolve();
        },
      };
      this.#waiting.push(entry);
      signal.addEventListener('abort', abort, { once: true });
    });
  }
}
