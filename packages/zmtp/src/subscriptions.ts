// What a topic costs in memory beside its bytes, roughly.
const topicOverhead = 64;

/** Topics with their counts: subscribing twice needs two cancels (RFC 37). Keys are latin1, so any bytes. */
export class Subscriptions {
  readonly #counts = new Map<string, number>();
  /** How many topics there are of each length: a message is compared once for each length. */
  readonly #lengths = new Map<number, number>();
  #bytes = 0;

  /** With 64 for each topic. */
  get bytes(): number {
    return this.#bytes;
  }

  get matchesAll(): boolean {
    return this.#lengths.has(0);
  }

  /** Whether the topic is new. */
  add(topic: Buffer): boolean {
    const key = topic.toString('latin1');
    const count = this.#counts.get(key) ?? 0;
    this.#counts.set(key, count + 1);
    if (count > 0) return false;
    this.#bytes += topicOverhead + topic.length;
    this.#lengths.set(topic.length, (this.#lengths.get(topic.length) ?? 0) + 1);
    return true;
  }

  /** Whether that was the topic's last subscription; false if there was none. */
  remove(topic: Buffer): boolean {
    const key = topic.toString('latin1');
    const count = this.#counts.get(key);
    if (count === undefined) return false;
    if (count > 1) {
      this.#counts.set(key, count - 1);
      return false;
    }
    this.#counts.delete(key);
    this.#bytes -= topicOverhead + topic.length;
    const ofLength = (this.#lengths.get(topic.length) ?? 1) - 1;
    if (ofLength === 0) this.#lengths.delete(topic.length);
    else this.#lengths.set(topic.length, ofLength);
    return true;
  }

  matches(frame: Buffer): boolean {
    if (this.matchesAll) return true;
    for (const length of this.#lengths.keys()) {
      if (length <= frame.length && this.#counts.has(frame.toString('latin1', 0, length))) return true;
    }
    return false;
  }

  /** Each topic once. */
  *topics(): Generator<Buffer> {
    for (const key of this.#counts.keys()) yield Buffer.from(key, 'latin1');
  }
}
