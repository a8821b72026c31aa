import type { ConnectionEvent } from './connection-event.ts';
import type { Connection } from './connection.ts';
import type { Frames } from './frames.ts';
import { isSubscription, Publication, subscriptionFrame } from './publication.ts';
import { SocketCore } from './socket-core.ts';
import type { SocketOptions } from './socket-options.ts';

export class XPubSocket {
  /**
   * What subscribers ask for, as [1, …topic] for each new topic of each of them and [0, …topic] when one drops it or
   * goes away (libzmq's XPUB_VERBOSER); and the messages that they send. Set it before `connect` or `bind`.
   */
  onMessages: ((messages: Buffer[][]) => void) | undefined;
  onConnection: ((event: ConnectionEvent) => void) | undefined;
  readonly #core: SocketCore;
  readonly #publication: Publication;

  constructor(options?: SocketOptions) {
    this.#core = new SocketCore(
      {
        type: 'XPUB',
        ready: (connection) => this.#publication.add(connection),
        gone: (connection) => this.#forget(connection),
        messages: (connection, messages) => {
          const told = messages.map((message) =>
            isSubscription(message) ? framesOf(this.#publication.message(connection, message)) : message,
          );
          this.#tell(told.filter((message) => message.length > 0));
        },
        command: (connection, command) => {
          const subscription = this.#publication.command(connection, command);
          if (subscription !== undefined) this.#tell([[subscription]]);
        },
        event: (event) => this.onConnection?.(event),
      },
      options,
    );
    this.#publication = new Publication(this.#core.settings);
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

  /** Sends to each subscriber of the first frame's beginning. False if it was dropped for one above its high-water mark. */
  send(frames: Frames): boolean {
    return this.#publication.send(frames);
  }

  /** Messages not sent to a subscriber because too much was queued for it, once for each such subscriber. */
  get droppedMessages(): number {
    return this.#publication.droppedMessages;
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

  #forget(connection: Connection): void {
    const topics = this.#publication.remove(connection)?.topics() ?? [];
    if (!this.#core.isClosing) this.#tell([...topics].map((topic) => [subscriptionFrame(0, topic)]));
  }

  #tell(messages: Buffer[][]): void {
    if (messages.length > 0) this.onMessages?.(messages);
  }
}

function framesOf(subscription: Buffer | undefined): Buffer[] {
  return subscription === undefined ? [] : [subscription];
}
