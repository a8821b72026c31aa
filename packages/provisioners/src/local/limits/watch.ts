/** One timer for all that is looked at now and then; it runs only while there is something. Keeps no process alive. */
export class Watch {
  readonly #looks = new Set<() => Promise<void>>();
  readonly #intervalMs: () => number;
  readonly #onError: (error: unknown) => void;
  #isRunning = false;

  /** `intervalMs` is asked before each pause. */
  constructor(intervalMs: () => number, onError: (error: unknown) => void) {
    this.#intervalMs = intervalMs;
    this.#onError = onError;
  }

  /** Looks from now on, again and again, never twice at a time. Returns the function that ends that. */
  add(look: () => Promise<void>): () => void {
    this.#looks.add(look);
    if (!this.#isRunning) this.#wait();
    this.#isRunning = true;
    return () => this.#looks.delete(look);
  }

  #wait(): void {
    setTimeout(() => void this.#round(), this.#intervalMs()).unref();
  }

  async #round(): Promise<void> {
    for (const look of this.#looks) {
      try {
        await look();
      } catch (error) {
        this.#onError(error);
      }
    }
    this.#isRunning = this.#looks.size > 0;
    if (this.#isRunning) this.#wait();
  }
}
