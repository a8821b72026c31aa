import type { ConnectionEvent } from './connection-event.ts';
import type { Connection } from './connection.ts';
import { assertSendable, type Frames } from './frames.ts';
import { SocketCore } from './socket-core.ts';
import type { SocketOptions } from './socket-options.ts';
import { ZmtpError } from './zmtp-error.ts';

interface Request {
  readonly connection: Connection;
  /** All up to the empty delimiter, which the reply begins with. */
  readonly envelope: readonly Buffer[];
  readonly body: Buffer[];
}

// A REQ has one request out. A DEALER may have many: with that many unanswered it is not read any further.
const maxQueuedOfPeer = 100;

/** One request at a time, in the order of arrival: the next is delivered once `send` has answered the last. */
export class RepSocket {
  /** The request, alone. Set it before `connect` or `bind`: what comes without it is never answered. */
  onMessages: ((messages: Buffer[][]) => void) | undefined;
  onConnection: ((event: ConnectionEvent) => void) | undefined;
  readonly #core: SocketCore;
  readonly #queued = new Map<Connection, number>();
  #queue: Request[] = [];
  #current: Request | undefined;
  #isDelivering = false;

  constructor(options?: SocketOptions) {
    this.#core = new SocketCore(
      {
        type: 'REP',
        ready: (connection) => this.#queued.set(connection, 0),
        gone: (connection) => this.#forget(connection),
        messages: (connection, messages) => this.#receive(connection, messages),
        event: (event) => this.onConnection?.(event),
      },
      options,
    );
  }

  /** Bytes queued for sending. */
  get bufferedBytes(): number {
    return this.#core.bufferedBytes;
  }

  /** Returns at once; connects, and connects again when the connection is lost, until `close`. */
  connect(endpoint: string): void {
    this.#core.connect(endpoint);
  }

  /** Resolves to the endpoint really bound. */
  bind(endpoint: string): Promise<string> {
    return this.#core.bind(endpoint);
  }

  /** Answers the request delivered last; throws ZMTP_STATE if there is none. False if its peer is gone. */
  send(frames: Frames): boolean {
    assertSendable(frames);
    const request = this.#current;
    if (request === undefined) throw new ZmtpError('ZMTP_STATE', 'there is no request to answer');
    this.#current = undefined;
    const { connection } = request;
    const isThere = connection.isReady;
    if (isThere) connection.send([...request.envelope, ...frames]);
    this.#deliver();
    return isThere && connection.bufferedBytes <= this.#core.settings.sendHighWaterBytes;
  }

  /** Stops reading, which the peers feel through TCP. What the current read has brought is still delivered. */
  pause(): void {
    this.#core.pause();
  }

  resume(): void {
    this.#core.resume();
  }

  /** Sends what is queued for up to `lingerMs`, then ends all. May be repeated. */
  close(lingerMs?: number): Promise<void> {
    return this.#core.close(lingerMs);
  }

  #receive(connection: Connection, messages: Buffer[][]): void {
    for (const message of messages) {
      const end = message.findIndex((frame) => frame.length === 0) + 1;
      // Without a delimiter, or with nothing after it, it is no request: dropped as by libzmq.
      if (end === 0 || end === message.length) continue;
      this.#queue.push({ connection, envelope: message.slice(0, end), body: message.slice(end) });
      this.#count(connection, 1);
    }
    this.#deliver();
  }

  // A loop, not a recursion from `send`: an echo may find hundreds queued.
  #deliver(): void {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    try {
      while (this.#current === undefined) {
        const request = this.#queue.shift();
        if (request === undefined) return;
        this.#current = request;
        this.#count(request.connection, -1);
        this.onMessages?.([request.body]);
      }
    } finally {
      this.#isDelivering = false;
    }
  }

  #count(connection: Connection, change: number): void {
    const queued = this.#queued.get(connection);
    if (queued === undefined) return;
    this.#queued.set(connection, queued + change);
    connection.hold(queued + change > maxQueuedOfPeer);
  }

  #forget(connection: Connection): void {
    this.#queued.delete(connection);
    this.#queue = this.#queue.filter((request) => request.connection !== connection);
  }
}
