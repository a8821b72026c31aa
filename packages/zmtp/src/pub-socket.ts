import type { ConnectionEvent } from './connection-event.ts';
import type { Frames } from './frames.ts';
import { isSubscription, Publication } from './publication.ts';
import { SocketCore } from './socket-core.ts';
import type { SocketOptions } from './socket-options.ts';

export class PubSocket {
  /** Never called: subscribers only say what they want. (Here so that all sockets are alike.) */
  onMessages: ((messages: Buffer[][]) => void) | undefined;
  onConnection: ((event: ConnectionEvent) => void) | undefined;
  readonly #core: SocketCore;
  readonly #publication: Publication;

  constructor(options?: SocketOptions) {
    this.#core = new SocketCore(
      {
        type: 'PUB',
        ready: (connection) => this.#publication.add(connection),
        gone: (connection) => this.#publication.remove(connection),
        messages: (connection, messages) => {
          for (const message of messages) {
            if (isSubscription(message)) this.#publication.message(connection, message);
          }
        },
        command: (connection, command) => {
          this.#publication.command(connection, command);
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
}
