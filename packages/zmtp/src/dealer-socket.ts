import type { ConnectionEvent } from './connection-event.ts';
import type { Frames } from './frames.ts';
import { RoundRobin } from './round-robin.ts';
import { SocketCore } from './socket-core.ts';
import type { SocketOptions } from './socket-options.ts';

export class DealerSocket {
  /** All complete messages of one read, in order. Set it before `connect` or `bind`: what comes without it is lost. */
  onMessages: ((messages: Buffer[][]) => void) | undefined;
  onConnection: ((event: ConnectionEvent) => void) | undefined;
  readonly #core: SocketCore;
  readonly #outgoing: RoundRobin;

  constructor(options?: SocketOptions) {
    this.#core = new SocketCore(
      {
        type: 'DEALER',
        ready: (connection) => this.#outgoing.add(connection),
        gone: (connection) => this.#outgoing.remove(connection),
        messages: (_connection, messages) => this.onMessages?.(messages),
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

  /**
   * Queues a message for the next connected peer in turn, or until there is one. Never drops it: false says that more
   * than the high-water mark is queued. The frames must not be changed afterwards (large ones are not copied).
   */
  send(frames: Frames): boolean {
    return this.#outgoing.send(frames);
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
