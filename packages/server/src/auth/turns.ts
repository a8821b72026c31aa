import { ServerError } from '../errors.ts';

/** Runs tasks one after the other, and turns away who would wait behind too many. */
export class Turns {
  readonly #maxWaiting: number;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(maxWaiting: number) {
    this.#maxWaiting = maxWaiting;
  }

  /** Rejects with UNAVAILABLE when it is too crowded, else with what the task rejects with. */
  async take<T>(task: () => Promise<T>): Promise<T> {
    if (this.#waiting >= this.#maxWaiting)
      throw new ServerError('UNAVAILABLE', 'Too many at once. Try again soon.');
    this.#waiting++;
    const result = this.#last.then(task).finally(() => this.#waiting--);
    this.#last = result.catch(() => undefined); // whoever asked hears of it
    return result;
  }
}
