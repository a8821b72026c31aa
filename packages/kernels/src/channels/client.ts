import { encodeFrames, type Framing, type RawMessage } from '@perijove/protocol';
import type { ClientSocket } from './client-socket.ts';
import { compactRecords } from './compact-records.ts';
import type { Delivery } from './delivery.ts';
import type { Journal, JournalPage, JournalRecord } from './journal.ts';

/** What a client needs of the channels that it is attached to. */
export interface ClientHost {
  fromClient(client: Client, bytes: Buffer, isBinary: boolean): void;
  left(client: Client): void;
  /** Messages that say that those from `from` to `to` are gone; `following` is the first that is still there. */
  lostMessages(from: number, to: number, following: RawMessage | undefined): RawMessage[];
}

export interface ClientOptions {
  readonly host: ClientHost;
  readonly journal: Journal;
  readonly sessionId: string;
  readonly framing: Framing;
  readonly socket: ClientSocket;
  /** Number of the first message that it is to get. */
  readonly cursor: number;
  /**
   * A server that passes messages on: what it lacks it gets as it was said, one by one, and replies to whomever, since those who
   * asked are its clients.
   */
  readonly isRelay: boolean;
  /** Bytes that wait in its socket above which it is left behind. */
  readonly bufferLimit: number;
}

const pageBytes = 1024 * 1024;
/** While messages flow, the client is asked so often how far it has come. */
const pingEveryMs = 250;

/**
 * One client's place in what the kernel said. While it keeps up, it is handed each batch as it comes; when too much waits
 * in its socket, it is left behind and reads from the journal at its own pace until it has caught up.
 */
export class Client {
  readonly sessionId: string;
  readonly framing: Framing;
  readonly socket: ClientSocket;
  readonly #host: ClientHost;
  readonly #journal: Journal;
  readonly #bufferLimit: number;
  readonly #isRelay: boolean;
  #cursor: number;
  /** Number after the last message that it has surely seen. */
  #seen: number;
  #state: 'live' | 'behind' | 'reading' | 'closed' = 'behind';
  #pingedAt = 0;
  #pingTimer: NodeJS.Timeout | undefined;

  constructor(options: ClientOptions) {
    this.#host = options.host;
    this.sessionId = options.sessionId;
    this.framing = options.framing;
    this.socket = options.socket;
    this.#cursor = options.cursor;
    this.#seen = options.cursor;
    this.#journal = options.journal;
    this.#bufferLimit = options.bufferLimit;
    this.#isRelay = options.isRelay;
  }

  /** Number of the next message for it. */
  get cursor(): number {
    return this.#cursor;
  }

  /** Number after the last message that it has surely seen: it has answered a ping that came after. */
  get seen(): number {
    return this.#seen;
  }

  get isLive(): boolean {
    return this.#state === 'live';
  }

  deliver(delivery: Delivery): void {
    if (this.#state !== 'live') return;
    const frames = delivery.framesFor(this.framing, this.sessionId);
    this.#cursor = delivery.batch.first + delivery.batch.count;
    if (frames === undefined) return;
    this.#write(frames);
    if (this.socket.bufferedBytes > this.#bufferLimit) this.#state = 'behind';
  }

  /** Deliveries in order, of which it may have had the first ones; in one write. */
  deliverAll(deliveries: readonly Delivery[]): void {
    const lacking = deliveries.filter(({ batch }) => batch.first >= this.#cursor);
    if (lacking.length <= 1) {
      if (lacking[0] !== undefined) this.deliver(lacking[0]);
      return;
    }
    if (this.#state !== 'live') return;
    const frames = lacking
      .map((delivery) => delivery.framesFor(this.framing, this.sessionId))
      .filter((part) => part !== undefined);
    const { batch } = lacking.at(-1)!;
    this.#cursor = batch.first + batch.count;
    if (frames.length === 0) return;
    this.#write(frames.length === 1 ? frames[0]! : Buffer.concat(frames));
    if (this.socket.bufferedBytes > this.#bufferLimit) this.#state = 'behind';
  }

  /** Sends what it lacks, as far as its socket takes it. To be called when the socket has drained, too. */
  catchUp(): void {
    while (this.#state === 'behind' && this.socket.bufferedBytes <= this.#bufferLimit) {
      if (this.#cursor >= this.#journal.end) {
        this.#state = 'live';
        return;
      }
      const { oldest } = this.#journal;
      const page = this.#journal.read(Math.max(this.#cursor, oldest), pageBytes);
      if (page instanceof Promise) {
        this.#state = 'reading';
        void page.then((read) => {
          if (this.#state !== 'reading') return;
          this.#state = 'behind';
          this.#sendPage(read);
          this.catchUp();
        });
        return;
      }
      this.#sendPage(page);
    }
  }

  /** A message for this client alone, which is not in the journal. */
  send(message: RawMessage): void {
    if (this.#state !== 'closed')
      this.socket.write(encodeFrames(this.framing, [message], () => this.#cursor - 1));
  }

  /** A WebSocket message has come from it. */
  receive(bytes: Buffer, isBinary: boolean): void {
    if (this.#state !== 'closed') this.#host.fromClient(this, bytes, isBinary);
  }

  /** It has echoed a ping. */
  ponged(payload: Buffer): void {
    if (payload.length !== 8) return;
    const number = Number(payload.readBigUInt64LE(0));
    if (number <= this.#cursor) this.#seen = Math.max(this.#seen, number);
  }

  /**
   * Its socket is gone, or is closing: nothing more is sent or accepted. `inOrder`: the other side has ended it, so what left
   * this side has arrived; else only what it has confirmed counts as seen. May be repeated. A relay
   * confirms what it has kept, which is less than what has arrived.
   */
  closed(inOrder: boolean): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearTimeout(this.#pingTimer);
    if (inOrder && !this.#isRelay && this.socket.bufferedBytes === 0) this.#seen = this.#cursor;
    this.#host.left(this);
  }

  #sendPage(page: JournalPage): void {
    const first = page.records[0]?.number ?? page.next;
    if (first > this.#cursor) {
      const lost = this.#host.lostMessages(this.#cursor, first - 1, page.records[0]?.message);
      this.#write(encodeFrames(this.framing, lost, () => first - 1));
    }
    this.#cursor = page.next;
    if (this.#isRelay) {
      if (page.records.length > 0) this.#sendRecords(page.records);
      return;
    }
    const mine = page.records.filter(({ target }) => target === undefined || target === this.sessionId);
    if (mine.length > 0) this.#sendRecords(compactRecords(mine));
  }

  #sendRecords(records: readonly JournalRecord[]): void {
    const messages = records.map(({ message }) => message);
    this.#write(encodeFrames(this.framing, messages, (index) => records[index]!.number));
  }

  #write(frames: Buffer): void {
    this.socket.write(frames);
    if (performance.now() - this.#pingedAt < pingEveryMs) {
      this.#pingTimer ??= setTimeout(() => this.#ping(), pingEveryMs);
    } else this.#ping();
  }

  #ping(): void {
    clearTimeout(this.#pingTimer);
    this.#pingTimer = undefined;
    this.#pingedAt = performance.now();
    const payload = Buffer.allocUnsafe(8);
    payload.writeBigUInt64LE(BigInt(this.#cursor));
    this.socket.ping(payload);
  }
}
