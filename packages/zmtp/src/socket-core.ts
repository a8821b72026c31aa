import { connect, type OnReadOpts, type Socket } from 'node:net';
import type { ConnectionEvent } from './connection-event.ts';
import type { Command } from './command.ts';
import { Connection } from './connection.ts';
import { parseEndpoint, type Endpoint } from './endpoint.ts';
import { listen, type Listener } from './listener.ts';
import { nullMechanism } from './null-mechanism.ts';
import { reconnectDelay } from './reconnect-delay.ts';
import type { PeerIdentity } from './session.ts';
import { settingsFrom, type Settings, type SocketOptions } from './socket-options.ts';
import { tellsIdentity, type SocketType } from './socket-type.ts';
import { ZmtpError } from './zmtp-error.ts';

/** What a kind of socket (DEALER, SUB, …) adds to the connections that the core keeps. */
export interface SocketKind {
  readonly type: SocketType;
  /** ROUTER: the frame that begins each message of this peer. A thrown ZmtpError refuses the peer. */
  routingIdFor?(peer: PeerIdentity): Buffer;
  /** The handshake is over. ROUTER finds its own `routingIdFor` in `peer.routingId`. */
  ready(connection: Connection, peer: PeerIdentity): void;
  gone(connection: Connection): void;
  messages(connection: Connection, messages: Buffer[][]): void;
  /** Commands that mean nothing to a socket are ignored, as libzmq does. */
  command?(connection: Connection, command: Command): void;
  event(event: ConnectionEvent): void;
  /** Queued here because no peer is connected yet. */
  pendingBytes?(): number;
}

/** An endpoint to be connected to for as long as the socket lives. */
interface Connector {
  readonly endpoint: string;
  readonly target: Endpoint;
  /** In a row; an attempt that soon was lost again counts as one. */
  failures: number;
  retry: NodeJS.Timeout | undefined;
}

/** Connections of one socket: connects, listens, connects again, and ends them all. */
export class SocketCore {
  readonly settings: Settings;
  readonly #kind: SocketKind;
  readonly #connectors = new Map<string, Connector>();
  readonly #listeners = new Set<Listener>();
  readonly #connections = new Set<Connection>();
  /** Of those, accepted ones whose handshake is not over. */
  #handshakes = 0;
  #isPaused = false;
  #closing: Promise<void> | undefined;
  #lingered: (() => void) | undefined;

  constructor(kind: SocketKind, options: SocketOptions = {}) {
    this.settings = settingsFrom(options);
    this.#kind = kind;
  }

  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  get bufferedBytes(): number {
    let bytes = this.#pendingBytes();
    for (const connection of this.#connections) if (connection.isReady) bytes += connection.bufferedBytes;
    return bytes;
  }

  connect(endpoint: string): void {
    this.#assertOpen();
    const target = parseEndpoint(endpoint, 'connect');
    // As libzmq: connecting again where one is connected already changes nothing.
    if (this.#connectors.has(endpoint)) return;
    const connector: Connector = { endpoint, target, failures: 0, retry: undefined };
    this.#connectors.set(endpoint, connector);
    this.#attempt(connector);
  }

  async bind(endpoint: string): Promise<string> {
    this.#assertOpen();
    const listener = await listen(endpoint, (socket, bound) => this.#accept(socket, bound));
    if (this.#closing !== undefined) {
      await listener.close();
      throw new ZmtpError('ZMTP_CLOSED', 'the socket was closed while it was being bound');
    }
    this.#listeners.add(listener);
    return listener.endpoint;
  }

  pause(): void {
    this.#isPaused = true;
    for (const connection of this.#connections) connection.pause();
  }

  resume(): void {
    this.#isPaused = false;
    for (const connection of this.#connections) connection.resume();
  }

  close(lingerMs = 0): Promise<void> {
    this.#closing ??= this.#close(lingerMs);
    return this.#closing;
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new ZmtpError('ZMTP_CLOSED', 'the socket is closed');
  }

  #attempt(connector: Connector): void {
    const { target, endpoint } = connector;
    const open = (onread: OnReadOpts): Socket =>
      target.transport === 'tcp'
        ? connect({ host: target.host, port: target.port, noDelay: true, onread })
        : connect({ path: target.path, onread });
    let readyAt: number | undefined;
    this.#open(open, endpoint, {
      ready: () => (readyAt = performance.now()),
      closed: () => {
        const held = readyAt === undefined ? 0 : performance.now() - readyAt;
        connector.failures = held >= this.settings.reconnectMaxMs ? 1 : connector.failures + 1;
        if (this.#closing !== undefined && this.#pendingBytes() === 0) return;
        if (this.#connectors.get(endpoint) !== connector) return;
        const { reconnectMs, reconnectMaxMs } = this.settings;
        const delay = reconnectDelay(connector.failures, reconnectMs, reconnectMaxMs);
        connector.retry = setTimeout(() => this.#attempt(connector), delay);
      },
    });
  }

  #accept(socket: Socket, endpoint: string): void {
    if (this.#closing !== undefined) {
      socket.destroy();
      return;
    }
    if (this.#handshakes >= this.settings.maxHandshakes) {
      socket.destroy();
      const message = `more than ${this.settings.maxHandshakes} peers are in the handshake`;
      this.#emit({ type: 'refused', endpoint, error: new ZmtpError('ZMTP_TOO_MANY_HANDSHAKES', message) });
      return;
    }
    this.#handshakes++;
    let isCounted = true;
    const uncount = (): void => {
      if (isCounted) this.#handshakes--;
      isCounted = false;
    };
    this.#open(socket, endpoint, { ready: uncount, closed: uncount });
  }

  #open(
    source: Socket | ((onread: OnReadOpts) => Socket),
    endpoint: string,
    owner: { ready(): void; closed(): void },
  ): void {
    const { settings } = this;
    const kind = this.#kind;
    let routingId: Buffer | undefined;
    const timeout = setTimeout(() => {
      const message = `no handshake within ${settings.handshakeTimeoutMs} ms`;
      connection.destroy(new ZmtpError('ZMTP_HANDSHAKE_TIMEOUT', message));
    }, settings.handshakeTimeoutMs);
    let isReady = false;
    const connection: Connection = new Connection(
      source,
      {
        socketType: kind.type,
        mechanism: nullMechanism(this.#ownProperties()),
        limits: { ...settings, maxCommandBytes: 64 * 1024 },
        ...(kind.routingIdFor === undefined
          ? {}
          : { prefixFor: (peer) => (routingId = kind.routingIdFor?.(peer) ?? Buffer.alloc(0)) }),
      },
      {
        ready: (peer) => {
          clearTimeout(timeout);
          isReady = true;
          owner.ready();
          kind.ready(connection, routingId === undefined ? peer : { ...peer, routingId });
          this.#emit({ type: 'connected', endpoint });
          this.#lingered?.();
        },
        messages: (messages) => {
          if (this.#closing === undefined) kind.messages(connection, messages);
        },
        command: (command) => {
          if (this.#closing === undefined) kind.command?.(connection, command);
        },
        closed: (error) => {
          clearTimeout(timeout);
          this.#connections.delete(connection);
          owner.closed();
          if (isReady) {
            kind.gone(connection);
            this.#emit({ type: 'disconnected', endpoint, ...(error === undefined ? {} : { error }) });
          } else {
            const lost = new ZmtpError(
              'ZMTP_CONNECTION',
              'the peer closed the connection during the handshake',
            );
            this.#emit({ type: 'refused', endpoint, error: error ?? lost });
          }
          this.#lingered?.();
        },
      },
    );
    this.#connections.add(connection);
    if (this.#isPaused) connection.pause();
  }

  #ownProperties(): [string, Buffer][] {
    const properties: [string, Buffer][] = [['Socket-Type', Buffer.from(this.#kind.type)]];
    if (tellsIdentity(this.#kind.type)) properties.push(['Identity', this.settings.routingId]);
    return properties;
  }

  #pendingBytes(): number {
    return this.#kind.pendingBytes?.() ?? 0;
  }

  /** Who closes the socket is not told of what that ends. */
  #emit(event: ConnectionEvent): void {
    if (this.#closing === undefined) this.#kind.event(event);
  }

  async #close(lingerMs: number): Promise<void> {
    // `#closing` must be set before anything is called back.
    await Promise.resolve();
    const closed = [...this.#listeners].map((listener) => listener.close());
    if (lingerMs > 0) await this.#linger(lingerMs);
    for (const connector of this.#connectors.values()) clearTimeout(connector.retry);
    this.#connectors.clear();
    for (const connection of this.#connections) connection.destroy();
    await Promise.all(closed);
  }

  /** Resolves when all that was queued has been given to the system, or after `lingerMs`. */
  #linger(lingerMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, lingerMs);
      this.#lingered = () => {
        if (this.#pendingBytes() > 0) return;
        for (const connection of this.#connections) connection.end();
        if (this.#connections.size > 0) return;
        clearTimeout(timer);
        resolve();
      };
      this.#lingered();
    });
  }
}
