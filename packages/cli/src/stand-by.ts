import { createServer, connect, type Server, type Socket } from 'node:net';

export interface StandByOptions {
  readonly ip: string;
  readonly port: number;
  /** `HOST:PORT` of the server that works; undefined while nobody knows. */
  readonly target: () => string | undefined;
}

const unavailable = [
  'HTTP/1.1 503 Service Unavailable',
  'content-type: application/json',
  'retry-after: 2',
  'connection: close',
  '',
  '{"message": "No server has taken over yet. In a few seconds one will have.", "reason": null}',
].join('\r\n');
const connectTimeoutMs = 3000;
/** More are closed: those who wait for a server come again. */
const maxConnections = 4096;

/** Passes every connection on to the server that works, byte by byte: whoever asks here is served as there, TLS or not. */
export class StandBy {
  readonly #options: StandByOptions;
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  constructor(options: StandByOptions) {
    this.#options = options;
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => this.#pass(client));
    this.#server.maxConnections = maxConnections;
  }

  /** Rejects with the system's error for an address that is not to be had. */
  listen(): Promise<void> {
    const { ip, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ port, host: ip === '*' || ip === '' ? '::' : ip }, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }

  /** Lets go of the port, and of what is being passed on. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#open) socket.destroy();
    await closed;
  }

  #pass(client: Socket): void {
    this.#keep(client);
    const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(this.#options.target() ?? '') ?? [];
    if (host === undefined) return refuse(client);
    const server = connect({
      host,
      port: Number(port),
      noDelay: true,
      allowHalfOpen: true,
      timeout: connectTimeoutMs,
    });
    this.#keep(server);
    server.on('timeout', () => server.destroy());
    server.once('connect', () => {
      server.setTimeout(0);
      client.pipe(server);
      server.pipe(client);
      client.once('close', () => server.destroy());
    });
    server.once('close', () =>
      server.bytesRead === 0 && server.bytesWritten === 0 ? refuse(client) : client.destroy(),
    );
  }

  #keep(socket: Socket): void {
    this.#open.add(socket);
    // What there is to say of it, `close` says.
    socket.on('error', () => undefined);
    socket.once('close', () => this.#open.delete(socket));
  }
}

/** For HTTP; one who speaks TLS hears that this is none. */
function refuse(client: Socket): void {
  client.resume();
  client.end(unavailable, () => client.destroySoon());
}
