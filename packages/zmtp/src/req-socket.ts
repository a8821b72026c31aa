import type { ConnectionEvent } from './connection-event.ts';
import type { Connection } from './connection.ts';
import { assertSendable, type Frames } from './frames.ts';
import { RoundRobin } from './round-robin.ts';
import { SocketCore } from './socket-core.ts';
import type { SocketOptions } from './socket-options.ts';
import { ZmtpError } from './zmtp-error.ts';

const delimiter = Buffer.alloc(0);

/** One request, then its reply. */
export class ReqSocket {
  /** The reply, alone. */
  onMessages: ((messages: Buffer[][]) => void) | undefined;
  onConnection: ((event: ConnectionEvent) => void) | undefined;
  readonly #core: SocketCore;
  readonly #outgoing: RoundRobin;
  #isWaiting = false;

  constructor(options?: SocketOptions) {
    this.#core = new SocketCore(
      {
        type: 'REQ',
        ready: (connection) => this.#outgoing.add(connection),
        gone: (connection) => this.#lose(connection),
        messages: (connection, messages) => this.#receive(connection, messages),
        event: (event) => this.onConnection?.(event),
        pendingBytes: () => this.#outgoing.pendingBytes,
      },
      options,
    );
    this.#outgoing = new RoundRobin(this.#core.settings.sendHighWaterBytes);
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

  /** Whether a request is out, so that `send` would throw. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /**
   * Sends a request, or queues it until a peer is connected. Throws ZMTP_STATE while the reply to the last one is
   * missing; a request whose connection is lost has no reply, and one may send again (onConnection tells of it).
   */
  send(frames: Frames): boolean {
    assertSendable(frames);
    if (this.#isWaiting) throw new ZmtpError('ZMTP_STATE', 'the last request has no reply yet');
    this.#isWaiting = true;
    return this.#outgoing.send([delimiter, ...frames]);
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
      // What nobody asked for, or has no delimiter, is dropped as by libzmq.
      if (!this.#isWaiting || connection !== this.#outgoing.sentTo) return;
      if (message.length < 2 || message[0]?.length !== 0) continue;
      this.#isWaiting = false;
      this.onMessages?.([message.slice(1)]);
    }
  }

  #lose(connection: Connection): void {
    if (connection === this.#outgoing.sentTo) this.#isWaiting = false;
    this.#outgoing.remove(connection);
  }
}
