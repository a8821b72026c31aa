import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyBaseLogger } from 'fastify';
import { type WebSocket, WebSocketServer } from 'ws';
import { auditedUser, type Audit, type AuditEntry } from '../audit/audit-entry.ts';
import type { User } from '../auth/user.ts';
import { statusOf } from '../errors.ts';
import type { Access } from './access.ts';
import { type AccessChecker, queryOf } from './check-access.ts';
import { describeError } from './describe-error.ts';
import { compilePath, type PathParams } from './match-path.ts';
import { peerOf } from './peer.ts';
import type { Site } from './site.ts';

declare module 'fastify' {
  interface FastifyInstance {
    sockets: Sockets;
  }
}

/** A WebSocket handshake that passed the access checks and waits for `accept` or `refuse`; one of them, once. */
export interface SocketRequest {
  readonly params: PathParams;
  readonly query: URLSearchParams;
  readonly user: User;
  readonly request: IncomingMessage;
  /** Subprotocols that the client offers, its favourite first. */
  readonly protocols: readonly string[];
  /** For those who want to write past `ws`. */
  readonly rawSocket: Duplex;
  readonly log: FastifyBaseLogger;
  /** Completes the handshake. Rejects if it was malformed or the client went away meanwhile; both were answered already. */
  accept(options?: AcceptOptions): Promise<WebSocket>;
  /** Answers in HTTP instead. Harmless once the client is gone. */
  refuse(status: number, message: string): void;
}

export interface AcceptOptions {
  /** One of `protocols`, or none. */
  readonly protocol?: string;
  /** Largest message from the client in bytes; a larger one closes the socket with 1009. Default 1 MiB. */
  readonly maxPayload?: number;
  /** What it is for, for the audit log. */
  readonly about?: Pick<AuditEntry, 'kernel' | 'terminal'>;
}

export interface SocketRoute {
  readonly access: Exclude<Access, { kind: 'public' }>;
  /**
   * May take its time before it accepts. If it throws before that, the client gets the error's status (ServerError,
   * KernelError, else 500); after that, the socket is closed with 1011.
   */
  handler(socket: SocketRequest): Promise<void> | void;
}

export interface SocketsOptions {
  readonly site: Site;
  readonly checker: AccessChecker;
  readonly audit: Audit;
  readonly trustXheaders: boolean;
  readonly log: FastifyBaseLogger;
  /** Answers a request that offered something else than WebSocket, as if it had not. */
  readonly serveWithoutUpgrade: (request: IncomingMessage, rawSocket: Duplex) => void;
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
}

const defaultMaxPayload = 1024 * 1024;

/** Every WebSocket of a server: finds the handler of a handshake, keeps the open ones alive, closes them at the end. */
export class Sockets {
  readonly #options: SocketsOptions;
  readonly #routes: { match: (path: string) => PathParams | undefined; route: SocketRoute }[] = [];
  readonly #servers = new Map<number, WebSocketServer>();
  readonly #protocols = new WeakMap<IncomingMessage, string>();
  readonly #pongAt = new Map<WebSocket, number>();
  readonly #users = new Map<WebSocket, User>();
  readonly #shaking = new Set<Duplex>();
  #pinging: NodeJS.Timeout | undefined;
  #isDraining = false;

  constructor(options: SocketsOptions) {
    this.#options = options;
  }

  /** Adds a route; the path is written without the base URL, parameters as `:id`. */
  route(path: string, route: SocketRoute): void {
    this.#routes.push({ match: compilePath(this.#options.site.routeBase + path.replace(/^\//, '')), route });
  }

  /** Open ones. */
  get size(): number {
    return this.#pongAt.size;
  }

  /** For the `upgrade` event of an HTTP server. */
  handleUpgrade(request: IncomingMessage, rawSocket: Duplex, head: Buffer): void {
    // Whoever hangs up during the handshake is nobody's error.
    rawSocket.on('error', () => rawSocket.destroy());
    this.#shaking.add(rawSocket);
    rawSocket.once('close', () => this.#shaking.delete(rawSocket));
    if (!/^websocket$/i.test(request.headers.upgrade ?? ''))
      return this.#options.serveWithoutUpgrade(request, rawSocket);
    if (this.#isDraining) return refuseUpgrade(rawSocket, 503, 'The server is stopping');
    const found = this.#find(request);
    if (typeof found === 'number')
      return refuseUpgrade(rawSocket, found, found === 404 ? 'Not Found' : 'Bad Request');
    void this.#check(found, { request, rawSocket, head });
  }

  /** Closes the sockets of those to whom what they were let in by does not apply any more. */
  closeInvalid(): void {
    for (const [socket, user] of this.#users)
      if (!this.#options.checker.authenticator.isStillValid(user))
        socket.close(1008, 'What let you in is not valid any more');
  }

  /** Closes all with 1012 (service restart: clients come back) and lets no more in; `terminate` ends what then is left. */
  drain(): void {
    this.#isDraining = true;
    for (const socket of this.#pongAt.keys()) socket.close(1012, 'The server is stopping');
  }

  terminate(): void {
    clearInterval(this.#pinging);
    this.#pinging = undefined;
    for (const socket of this.#pongAt.keys()) socket.terminate();
    for (const rawSocket of this.#shaking) rawSocket.destroy();
  }

  #find(request: IncomingMessage): { route: SocketRoute; params: PathParams } | 400 | 404 {
    const path = this.#options.site.toRoute(request.url ?? '').split('?', 1)[0] ?? '';
    try {
      for (const { match, route } of this.#routes) {
        const params = match(path);
        if (params !== undefined) return { route, params };
      }
    } catch {
      return 400; // percent-encoding that is none
    }
    return 404;
  }

  async #check(
    { route, params }: { route: SocketRoute; params: PathParams },
    upgrade: { request: IncomingMessage; rawSocket: Duplex; head: Buffer },
  ): Promise<void> {
    const { request, rawSocket } = upgrade;
    try {
      const { user, verdict, problem } = await this.#options.checker.check(route.access, request);
      if (!verdict.allowed) {
        this.#auditRefusal(request, user, statusOf(verdict), problem ?? verdict.message);
        return refuseUpgrade(rawSocket, statusOf(verdict), verdict.message);
      }
      if (user === undefined) return refuseUpgrade(rawSocket, 403, 'Forbidden');
      await this.#run(route, { ...upgrade, user, params });
    } catch (error) {
      const { status, message } = describeError(error, this.#options.log);
      refuseUpgrade(rawSocket, status, message);
    }
    return undefined;
  }

  async #run(
    route: SocketRoute,
    upgrade: { request: IncomingMessage; rawSocket: Duplex; head: Buffer; user: User; params: PathParams },
  ): Promise<void> {
    const { request, rawSocket, head, user, params } = upgrade;
    let accepted: WebSocket | undefined;
    try {
      await route.handler({
        params,
        query: queryOf(request),
        user,
        request,
        rawSocket,
        protocols: (request.headers['sec-websocket-protocol'] ?? '')
          .split(',')
          .map((p) => p.trim())
          .filter(Boolean),
        log: this.#options.log,
        accept: async (options = {}) => {
          accepted = await this.#accept(request, rawSocket, head, options);
          if (accepted.readyState === accepted.OPEN) this.#users.set(accepted, user);
          const about = this.#auditedRequest(request, user);
          this.#options.audit.write({ event: 'attach', outcome: 'done', ...about, ...options.about });
          return accepted;
        },
        refuse: (status, message) => {
          if (status < 500) this.#auditRefusal(request, user, status, message);
          refuseUpgrade(rawSocket, status, message);
        },
      });
    } catch (error) {
      if (error instanceof HandshakeError) return;
      const { status, message } = describeError(error, this.#options.log);
      if (accepted === undefined) refuseUpgrade(rawSocket, status, message);
      else accepted.close(1011, Buffer.from(message).subarray(0, 100).toString());
    }
  }

  #auditRefusal(request: IncomingMessage, user: User | undefined, status: number, why: string): void {
    const about = this.#auditedRequest(request, user);
    this.#options.audit.write({ event: 'refusal', outcome: 'refused', ...about, status, why });
  }

  #auditedRequest(request: IncomingMessage, user: User | undefined) {
    const peer = peerOf(request, this.#options.trustXheaders).address;
    return { ...auditedUser(user), peer, path: request.url?.split('?', 1)[0] ?? '' };
  }

  #accept(
    request: IncomingMessage,
    rawSocket: Duplex,
    head: Buffer,
    options: AcceptOptions,
  ): Promise<WebSocket> {
    if (this.#isDraining) {
      refuseUpgrade(rawSocket, 503, 'The server is stopping');
      return Promise.reject(new HandshakeError('the server is stopping'));
    }
    if (options.protocol !== undefined) this.#protocols.set(request, options.protocol);
    const server = this.#serverFor(options.maxPayload ?? defaultMaxPayload);
    return new Promise((resolve, reject) => {
      const gone = () => reject(new HandshakeError('the client went away or sent no proper handshake'));
      if (rawSocket.destroyed || rawSocket.readableEnded) {
        rawSocket.destroy();
        return gone();
      }
      rawSocket.once('close', gone);
      server.handleUpgrade(request, rawSocket, head, (socket) => {
        rawSocket.removeListener('close', gone);
        this.#shaking.delete(rawSocket);
        this.#keepAlive(socket);
        resolve(socket);
      });
    });
  }

  /** `ws` sets the largest message per server. Handlers use two or three sizes. */
  #serverFor(maxPayload: number): WebSocketServer {
    let server = this.#servers.get(maxPayload);
    if (server === undefined) {
      server = new WebSocketServer({
        noServer: true,
        clientTracking: false,
        perMessageDeflate: false,
        maxPayload,
        handleProtocols: (_, request) => this.#protocols.get(request) ?? false,
      });
      this.#servers.set(maxPayload, server);
    }
    return server;
  }

  #keepAlive(socket: WebSocket): void {
    this.#pongAt.set(socket, Date.now());
    socket.on('pong', () => this.#pongAt.set(socket, Date.now()));
    // A protocol error closes the socket by itself; without a listener it would end the process.
    socket.on('error', (error) => this.#options.log.debug({ err: error }, 'WebSocket error'));
    socket.once('close', () => {
      this.#pongAt.delete(socket);
      this.#users.delete(socket);
      if (this.#pongAt.size > 0) return;
      clearInterval(this.#pinging);
      this.#pinging = undefined;
    });
    this.#pinging ??= setInterval(() => this.#ping(), this.#options.pingIntervalMs);
  }

  #ping(): void {
    this.closeInvalid(); // tokens expire without anybody's doing
    const deadline = Date.now() - this.#options.pingTimeoutMs;
    for (const [socket, pongAt] of this.#pongAt) {
      if (pongAt < deadline) socket.terminate();
      else if (socket.readyState === socket.OPEN) socket.ping();
    }
  }
}

class HandshakeError extends Error {}

/** An answer in HTTP to a handshake; the connection ends with it. */
function refuseUpgrade(rawSocket: Duplex, status: number, message: string): void {
  if (rawSocket.destroyed || !rawSocket.writable) return;
  const body = JSON.stringify({ message, reason: null });
  rawSocket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}`,
      'Connection: close',
      'Content-Type: application/json; charset=utf-8',
      'X-Content-Type-Options: nosniff',
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n'),
  );
}
