import type { WebSocket } from 'ws';
import type { EventBus, ServerEvent } from './event-bus.ts';

/** Sockets that are told of every event. */
export class EventSubscribers {
  readonly #bus: EventBus;
  readonly #bufferBytes: number;
  readonly #sockets = new Map<WebSocket, (event: ServerEvent) => boolean>();
  #unsubscribe: (() => void) | undefined;

  /** `bufferBytes`: how far a subscriber may fall behind. */
  constructor(bus: EventBus, bufferBytes: number) {
    this.#bus = bus;
    this.#bufferBytes = bufferBytes;
  }

  get size(): number {
    return this.#sockets.size;
  }

  /** `mayHear`: whether this one is told of an event. */
  add(socket: WebSocket, mayHear: (event: ServerEvent) => boolean): void {
    // The client may have hung up while the handshake was under way.
    if (socket.readyState !== socket.OPEN) return;
    this.#sockets.set(socket, mayHear);
    socket.once('close', () => this.#remove(socket));
    // While nobody listens, events cost nothing.
    this.#unsubscribe ??= this.#bus.subscribe((event) => this.#send(event));
  }

  /** An event is encoded once for all. */
  #send(event: ServerEvent): void {
    let encoded: Buffer | undefined;
    for (const [socket, mayHear] of this.#sockets) {
      if (!mayHear(event)) continue;
      const frame = (encoded ??= Buffer.from(JSON.stringify({ schema_id: event.schemaId, ...event.data })));
      if (socket.bufferedAmount + frame.length > this.#bufferBytes) {
        // Events left out here and there would be noticed by nobody. A client that is closed comes back and reads the
        // state anew: 1013 is "try again later".
        this.#remove(socket);
        socket.close(1013, 'Events were not read fast enough; some were lost');
      } else {
        socket.send(frame, { binary: false });
      }
    }
  }

  #remove(socket: WebSocket): void {
    this.#sockets.delete(socket);
    if (this.#sockets.size > 0) return;
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }
}
