import type { ConnectionEvent } from './connection-event.ts';
import { encodeCommand } from './command.ts';
import type { Connection } from './connection.ts';
import { SocketCore } from './socket-core.ts';
import type { SocketOptions } from './socket-options.ts';
import { Subscriptions } from './subscriptions.ts';

export class SubSocket {
  /** All complete messages of one read, in order. Set it before `connect` or `bind`: what comes without it is lost. */
  onMessages: ((messages: Buffer[][]) => void) | undefined;
  onConnection: ((event: ConnectionEvent) => void) | undefined;
  readonly #core: SocketCore;
  readonly #subscriptions = new Subscriptions();
  /** With the minor version of each, which decides how it is told of subscriptions. */
  readonly #publishers = new Map<Connection, number>();

  constructor(options?: SocketOptions) {
    this.#core = new SocketCore(
      {
        type: 'SUB',
        ready: (connection, peer) => {
          this.#publishers.set(connection, peer.minor);
          for (const topic of this.#subscriptions.topics()) tell(connection, peer.minor, 'SUBSCRIBE', topic);
        },
        gone: (connection) => this.#publishers.delete(connection),
        messages: (_connection, messages) => this.#deliver(messages),
        event: (event) => this.onConnection?.(event),
      },
      options,
    );
  }

  /** Asks for the messages whose first frame begins with `topic`; '' for all. Twice needs two `unsubscribe`. */
  subscribe(topic: Buffer | string): void {
    const bytes = typeof topic === 'string' ? Buffer.from(topic) : topic;
    if (this.#subscriptions.add(bytes)) this.#tellAll('SUBSCRIBE', bytes);
  }

  /** Of no effect for a topic that was not subscribed to. */
  unsubscribe(topic: Buffer | string): void {
    const bytes = typeof topic === 'string' ? Buffer.from(topic) : topic;
    if (this.#subscriptions.remove(bytes)) this.#tellAll('CANCEL', bytes);
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

  #tellAll(verb: 'SUBSCRIBE' | 'CANCEL', topic: Buffer): void {
    for (const [connection, minor] of this.#publishers) tell(connection, minor, verb, topic);
  }

  /** The publisher filters; what it sent before it knew of an `unsubscribe` is filtered here. */
  #deliver(messages: Buffer[][]): void {
    const wanted = this.#subscriptions.matchesAll
      ? messages
      : messages.filter((message) => this.#subscriptions.matches(message[0]!));
    if (wanted.length > 0) this.onMessages?.(wanted);
  }
}

/** As libzmq 4.3 does: a command for ZMTP 3.1, a message for 3.0, which has no such command. */
function tell(connection: Connection, minor: number, verb: 'SUBSCRIBE' | 'CANCEL', topic: Buffer): void {
  if (minor >= 1) connection.sendCommand(encodeCommand(verb, topic));
  else connection.send([Buffer.concat([Buffer.from([verb === 'SUBSCRIBE' ? 1 : 0]), topic])]);
}
