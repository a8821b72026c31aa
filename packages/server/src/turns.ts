import { ServerError } from './errors.ts';

/** Lets so many run at a time, and so many wait; more are refused with UNAVAILABLE. */
export class Turns {
  readonly #concurrency: number;
  readonly #queueLimit: number;
  readonly #refusal: string;
  readonly #waiting: { start: () => void }[] = [];
  #running = 0;

  /** `refusal`: what is said to who comes when as many wait as may. */
  constructor(concurrency: number, queueLimit: number, refusal: string) {
    this.#concurrency = concurrency;
    this.#queueLimit = queueLimit;
    this.#refusal = refusal;
  }

  /** Runs the task when its turn comes, and gives what it gives. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    const end = await this.take();
    try {
      return await task();
    } finally {
      end();
    }
  }

  /** Resolves with the function that ends the turn. Rejects with the signal's reason if that aborts before. */
  async take(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.#running >= this.#concurrency) {
      if (this.#waiting.length >= this.#queueLimit) {
        throw new ServerError('UNAVAILABLE', this.#refusal);
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

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1);
        reject(signal?.reason as Error);
      };
      const entry = {
        start: () => {
          signal?.removeEventListener('abort', abort);
          resolve();
        },
      };
      this.#waiting.push(entry);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }
}
