import type { WebSocket } from 'ws';
import type { EventBus, ServerEvent } from './event-bus.ts';

/** Sockets that are told of every event. */
export class EventSubscribers {
  readonly #bus: EventBus;
  readonly #bufferBytes: number;
  readonly #sockets = new Set<WebSocket>();
  #unsubscribe: (() => void) | undefined;

  /** `bufferBytes`: how far a subscriber may fall behind. */
  constructor(bus: EventBus, bufferBytes: number) {
    this.#bus = bus;
    this.#bufferBytes = bufferBytes;
  }

  get size(): number {
    return this.#sockets.size;
  }

  add(socket: WebSocket): void {
    // The client may have hung up while the handshake was under way.
    if (socket.readyState !== socket.OPEN) return;
    this.#sockets.add(socket);
    socket.once('close', () => this.#remove(socket));
    // While nobody listens, events cost nothing.
    this.#unsubscribe ??= this.#bus.subscribe((event) => this.#send(event));
  }

  /** An event is encoded once for all. */
  #send({ schemaId, data }: ServerEvent): void {
    const frame = Buffer.from(JSON.stringify({ schema_id: schemaId, ...data }));
    for (const socket of this.#sockets) {
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
