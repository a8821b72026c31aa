import type { Duplex } from 'node:stream';
import type { Client, ClientSocket, KernelChannels } from '@perijove/kernels';
import { chooseFraming } from '@perijove/protocol';
import type { WebSocket } from 'ws';
import type { FastifyInstance } from 'fastify';
import { auditedUser } from '../audit/audit-entry.ts';
import { executedCode } from '../audit/executed-code.ts';
import type { RoutePlugin } from '../http/route-plugin.ts';
import type { SocketRequest } from '../http/sockets.ts';

/** What of a kernel its WebSockets need; the registry's `Kernel` is one. */
interface ConnectableKernel {
  readonly record: { readonly username: string };
  readonly isAlive: boolean;
  readonly death: { readonly message: string } | undefined;
  readonly channels: Pick<KernelChannels, 'attach'>;
}

export interface KernelWebSocketDeps {
  readonly kernels: { get(id: string): ConnectableKernel | undefined };
  /** A larger message of a client closes its connection (1009). */
  readonly maxClientMessageBytes: number;
  /** Whether the code that is run is told to the audit log. */
  readonly auditCode?: boolean;
}

/** `/api/kernels/{id}/channels`: the messages of a kernel, in the framing that the client asks for. */
export function kernelWebSocket(deps: KernelWebSocketDeps): RoutePlugin {
  return async (app) => {
    app.sockets.route('/api/kernels/:id/channels', {
      access: { kind: 'socket', resource: 'kernels' },
      handler: (socket) => open(socket, deps, app),
    });
  };
}

async function open(
  socket: SocketRequest,
  deps: KernelWebSocketDeps,
  { access, audit }: Pick<FastifyInstance, 'access' | 'audit'>,
): Promise<void> {
  const id = socket.params['id'] ?? '';
  const kernel = deps.kernels.get(id);
  if (kernel === undefined || !access.sees(socket.user, 'kernels', kernel.record.username))
    return socket.refuse(404, `Kernel does not exist: ${id}`);
  // JupyterLab asks for the kernel's model when it is refused, and shows the reason that it finds there.
  if (!kernel.isAlive) return socket.refuse(503, `Kernel is dead: ${kernel.death?.message ?? id}`);
  const { framing, subprotocol } = chooseFraming(socket.protocols);
  const websocket = await socket.accept({
    maxPayload: deps.maxClientMessageBytes,
    about: { kernel: id },
    ...(subprotocol === undefined ? {} : { protocol: subprotocol }),
  });
  const after = numberFrom(socket.query.get('after'));
  const client = kernel.channels.attach({
    sessionId: socket.query.get('session_id') || crypto.randomUUID(),
    framing,
    socket: new RawWebSocket(websocket, socket.rawSocket),
    ...(after === undefined ? {} : { after }),
    isRelay: socket.query.get('relay') === '1',
  });
  join(client, websocket, socket.rawSocket);
  if (deps.auditCode === true)
    websocket.on('message', (data, isBinary) => {
      const code = executedCode(framing, toBuffer(data), isBinary);
      if (code !== undefined)
        audit.write({ event: 'execute', outcome: 'done', ...auditedUser(socket.user), kernel: id, code });
    });
}

function join(client: Client, websocket: WebSocket, rawSocket: Duplex): void {
  websocket.on('message', (data, isBinary) => client.receive(toBuffer(data), isBinary));
  websocket.on('pong', (payload) => client.ponged(payload));
  // 1006: no close frame has come. The end of the stream is an orderly one, too; a reset or a timeout is not.
  websocket.on('close', (code) => client.closed(code !== 1006 || rawSocket.readableEnded));
  rawSocket.on('drain', () => client.catchUp());
}

/**
 * Writes ready-made frames past `ws`, which writes each of its own (pong, close) whole and at once, so that the two cannot
 * come between each other; compression, which would make it wait, is off for all sockets of the server.
 */
class RawWebSocket implements ClientSocket {
  readonly #websocket: WebSocket;
  readonly #rawSocket: Duplex;

  constructor(websocket: WebSocket, rawSocket: Duplex) {
    this.#websocket = websocket;
    this.#rawSocket = rawSocket;
  }

  get bufferedBytes(): number {
    return this.#rawSocket.writableLength;
  }

  write(frames: Buffer): void {
    if (this.#websocket.readyState === this.#websocket.OPEN) this.#rawSocket.write(frames);
  }

  ping(payload: Buffer): void {
    if (this.#websocket.readyState === this.#websocket.OPEN) this.#websocket.ping(payload);
  }

  close(code: number, reason: string): void {
    this.#websocket.close(code, cutReason(reason));
  }
}

/** A close frame has 125 bytes, two of them for the code. */
function cutReason(reason: string): string {
  let cut = reason;
  while (Buffer.byteLength(cut) > 123) cut = cut.slice(0, -1);
  return cut;
}

function toBuffer(data: Buffer | ArrayBuffer | Buffer[]): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

/** A sequence number; undefined if there is none or it is not one. */
function numberFrom(text: string | null): number | undefined {
  if (text === null || !/^\d{1,15}$/.test(text)) return undefined;
  return Number(text);
}
