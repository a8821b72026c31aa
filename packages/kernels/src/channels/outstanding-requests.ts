/** Which session asked what: replies and requests for input find their client by it. Bounded: the oldest are forgotten. */
export class OutstandingRequests {
  readonly #sessions = new Map<string, string>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#sessions.size;
  }

  add(msgId: string, session: string): void {
    this.#sessions.delete(msgId);
    this.#sessions.set(msgId, session);
    if (this.#sessions.size <= this.#limit) return;
    for (const oldest of this.#sessions.keys()) {
      this.#sessions.delete(oldest);
      return;
    }
  }

  sessionOf(msgId: string): string | undefined {
    return this.#sessions.get(msgId);
  }

  remove(msgId: string): void {
    this.#sessions.delete(msgId);
  }

  clear(): void {
    this.#sessions.clear();
  }
}
