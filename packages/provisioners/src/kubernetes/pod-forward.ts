import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '@perijove/kernels';
import type WebSocket from 'ws';
import type { ClusterClient } from './cluster-client.ts';

export interface PodForwardOptions {
  readonly client: ClusterClient;
  /** `/api/v1/namespaces/ns/pods/name`. */
  readonly podPath: string;
  /** Sockets are `<prefix>-<port>`, in a folder that nobody else can enter: a kernel asks who publishes to it for no key. */
  readonly prefix: string;
  readonly ports: readonly number[];
  readonly log: Log;
}

/** Channels of a forwarded port (Kubernetes API, "v4.channel.k8s.io"): each begins with the port's number in two bytes. */
const dataChannel = 0;
const errorChannel = 1;
const portBytes = 2;
const highWaterBytes = 1024 * 1024;
/** An API that is away is asked less and less often: a kernel's sockets connect again many times a second. */
const retryFirstMs = 100;
const retryMaxMs = 5000;

/**
 * A way to a pod's ports for a server outside of the cluster: UNIX sockets here, of which each connection goes through a WebSocket of
 * the cluster's API to the pod (what `kubectl port-forward` does).
 */
export class PodForward {
  readonly #options: PodForwardOptions;
  readonly #servers: Server[] = [];
  readonly #connections = new Set<Socket>();
  #failures = 0;

  constructor(options: PodForwardOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    for (const port of this.#options.ports) {
      const server = createServer((socket) => void this.#forward(socket, port));
      const path = this.#pathOf(port);
      // oxlint-disable-next-line no-await-in-loop
      await rm(path, { force: true });
      server.listen(path);
      // oxlint-disable-next-line no-await-in-loop
      await once(server, 'listening');
      this.#servers.push(server);
    }
  }

  close(): void {
    for (const server of this.#servers) server.close();
    for (const connection of this.#connections) connection.destroy();
    for (const port of this.#options.ports) void rm(this.#pathOf(port), { force: true });
  }

  async #forward(socket: Socket, port: number): Promise<void> {
    const { client, podPath, log } = this.#options;
    this.#connections.add(socket);
    const ended = new AbortController();
    socket.on('close', () => {
      this.#connections.delete(socket);
      ended.abort();
    });
    socket.on('error', (error) => log.debug({ err: error }, 'a forwarded connection has failed'));
    try {
      await this.#pause(ended.signal);
      if (ended.signal.aborted) return;
      const websocket = await client.openSocket(
        `${podPath}/portforward`,
        [['ports', String(port)]],
        'v4.channel.k8s.io',
      );
      join(socket, websocket, {
        onOpen: () => (this.#failures = 0),
        onFailed: (error) => {
          this.#failures += 1;
          log.debug({ err: error, podPath, port }, 'a port of a pod cannot be reached through the API');
        },
      });
    } catch (error) {
      this.#failures += 1;
      log.debug({ err: error, podPath, port }, 'a port of a pod cannot be reached through the API');
      socket.destroy();
    }
  }

  async #pause(signal: AbortSignal): Promise<void> {
    if (this.#failures === 0) return;
    const ms = Math.min(retryFirstMs * 2 ** (this.#failures - 1), retryMaxMs);
    await delay(ms, undefined, { signal, ref: false }).catch(() => undefined);
  }

  #pathOf(port: number): string {
    return `${this.#options.prefix}-${port}`;
  }
}

interface Joint {
  readonly onOpen: () => void;
  readonly onFailed: (error: Error) => void;
}

/** Passes bytes both ways, no faster than they are taken. */
function join(socket: Socket, websocket: WebSocket, { onOpen, onFailed }: Joint): void {
  const seen = new Set<number>();
  socket.pause();
  websocket.on('open', () => socket.resume());
  websocket.on('message', (frame: Buffer) => {
    const channel = frame[0] ?? dataChannel;
    let data = frame.subarray(1);
    if (!seen.has(channel)) {
      seen.add(channel);
      data = data.subarray(portBytes);
    }
    if (data.length === 0) return;
    if (channel === errorChannel) {
      onFailed(new Error(data.toString('utf8')));
      websocket.close();
      return;
    }
    onOpen();
    if (!socket.write(data)) websocket.pause();
  });
  socket.on('drain', () => websocket.resume());
  socket.on('data', (data: Buffer) => {
    websocket.send(Buffer.concat([Buffer.of(dataChannel), data]), () => {
      if (websocket.bufferedAmount < highWaterBytes) socket.resume();
    });
    if (websocket.bufferedAmount >= highWaterBytes) socket.pause();
  });
  socket.on('close', () => websocket.close());
  websocket.on('error', onFailed);
  websocket.on('close', () => socket.destroy());
}
