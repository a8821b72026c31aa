import { ZmtpError } from './zmtp-error.ts';

/** Topics with their counts: subscribing twice needs two cancels (RFC 37). Keys are latin1, so any bytes. */
export class Subscriptions {
  readonly #counts = new Map<string, number>();
  /** How many topics there are of each length: a message is compared once for each length. */
  readonly #lengths = new Map<number, number>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes = Infinity) {
    this.#maxBytes = maxBytes;
  }

  /** Whether the topic is new. */
  add(topic: Buffer): boolean {
    const key = topic.toString('latin1');
    const count = this.#counts.get(key) ?? 0;
    if (count === 0) {
      // A topic costs memory beside its bytes.
      const bytes = this.#bytes + topicOverhead + topic.length;
      if (bytes > this.#maxBytes) {
        throw new ZmtpError('ZMTP_TOO_LARGE', `subscriptions of one peer over ${this.#maxBytes} bytes`);
      }
      this.#bytes = bytes;
      this.#lengths.set(topic.length, (this.#lengths.get(topic.length) ?? 0) + 1);
    }
    this.#counts.set(key, count + 1);
    return count === 0;
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

  get matchesAll(): boolean {
    return this.#lengths.has(0);
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

const topicOverhead = 64;
