import { randomBytes } from 'node:crypto';
import type { ConnectionEvent } from './connection-event.ts';
import type { Connection } from './connection.ts';
import { assertSendable, type Frames } from './frames.ts';
import type { PeerIdentity } from './session.ts';
import { SocketCore } from './socket-core.ts';
import type { SocketOptions } from './socket-options.ts';
import { ZmtpError } from './zmtp-error.ts';

export class RouterSocket {
  /**
   * All complete messages of one read, in order, each with its peer's routing id as first frame. Set it before
   * `connect` or `bind`: what comes without it is lost.
   */
  onMessages: ((messages: Buffer[][]) => void) | undefined;
  onConnection: ((event: ConnectionEvent) => void) | undefined;
  readonly #core: SocketCore;
  readonly #peers = new Map<string, Connection>();
  readonly #ids = new Map<Connection, string>();
  #made = randomBytes(4).readUInt32BE();

  constructor(options?: SocketOptions) {
    this.#core = new SocketCore(
      {
        type: 'ROUTER',
        routingIdFor: (peer) => this.#routingIdFor(peer),
        ready: (connection, peer) => this.#add(connection, peer.routingId.toString('latin1')),
        gone: (connection) => this.#remove(connection),
        messages: (_connection, messages) => this.onMessages?.(messages),
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

  /**
   * Queues `frames[1…]` for the peer with the routing id `frames[0]`. False if there is no such peer, or it is above
   * its high-water mark: then the message is dropped.
   */
  send(frames: Frames): boolean {
    const [routingId, ...message] = frames;
    assertSendable(message);
    const peer = routingId === undefined ? undefined : this.#peers.get(routingId.toString('latin1'));
    if (peer === undefined || peer.bufferedBytes > this.#core.settings.sendHighWaterBytes) return false;
    peer.send(message);
    return true;
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

  #routingIdFor(peer: PeerIdentity): Buffer {
    if (peer.routingId.length > 0) {
      // Only routers make such identities up: a peer could pass for another one.
      if (peer.routingId[0] === 0)
        throw new ZmtpError('ZMTP_PROTOCOL', 'an identity that begins with a zero byte');
      if (!this.#core.settings.handover && this.#peers.has(peer.routingId.toString('latin1'))) {
        throw new ZmtpError('ZMTP_DUPLICATE_IDENTITY', 'another peer has this identity');
      }
      return peer.routingId;
    }
    const made = Buffer.alloc(5);
    this.#made = (this.#made + 1) % 2 ** 32;
    made.writeUInt32BE(this.#made, 1);
    return made;
  }

  #add(connection: Connection, id: string): void {
    const previous = this.#peers.get(id);
    this.#peers.set(id, connection);
    this.#ids.set(connection, id);
    previous?.destroy(new ZmtpError('ZMTP_DUPLICATE_IDENTITY', 'a new peer took over its identity'));
  }

  #remove(connection: Connection): void {
    const id = this.#ids.get(connection);
    this.#ids.delete(connection);
    if (id !== undefined && this.#peers.get(id) === connection) this.#peers.delete(id);
  }
}
