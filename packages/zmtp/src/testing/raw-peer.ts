import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { until } from './until.ts';

/** A TCP peer that says what a test tells it to, bytes and all. */
export class RawPeer {
  readonly socket: Socket;
  #received = Buffer.alloc(0);
  #isClosed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => (this.#received = Buffer.concat([this.#received, chunk])));
    // A reset is how some of these conversations are meant to end.
    socket.on('error', () => undefined);
    socket.on('close', () => (this.#isClosed = true));
  }

  get received(): Buffer {
    return this.#received;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  send(...bytes: (Buffer | readonly number[])[]): void {
    this.socket.write(Buffer.concat(bytes.map((part) => Buffer.from(part))));
  }

  receivedAtLeast(bytes: number): Promise<void> {
    return until(() => this.#received.length >= bytes, `${bytes} bytes (there are ${this.#received.length})`);
  }

  closed(): Promise<void> {
    return until(() => this.#isClosed, 'the connection closed by the other side');
  }
}

export async function rawConnect(endpoint: string): Promise<RawPeer> {
  const { hostname, port } = new URL(endpoint);
  const socket = connect({ host: hostname, port: Number(port) });
  await once(socket, 'connect');
  return new RawPeer(socket);
}

/** A server whose connections are raw peers, in order of arrival. */
export class RawServer {
  readonly peers: RawPeer[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => this.peers.push(new RawPeer(socket)));
  }

  static async listen(port = 0): Promise<RawServer> {
    const server = createServer();
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new RawServer(server);
  }

  get endpoint(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    return `tcp://127.0.0.1:${address.port}`;
  }

  async peer(index: number): Promise<RawPeer> {
    await until(() => this.peers.length > index, `peer ${index}`);
    const peer = this.peers[index];
    if (peer === undefined) throw new Error('unreachable');
    return peer;
  }

  close(): void {
    this.#server.close();
    for (const peer of this.peers) peer.socket.destroy();
  }
}
