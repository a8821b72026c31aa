import type { OnReadOpts, Socket } from 'node:net';
import { pingTtlMs, pongFor, type Command } from './command.ts';
import { OutgoingBatch } from './outgoing-batch.ts';
import { readBuffer } from './read-buffer.ts';
import { Session, type PeerIdentity, type SessionConfig, type SessionStep } from './session.ts';
import { ZmtpError } from './zmtp-error.ts';

export interface ConnectionHandlers {
  ready(peer: PeerIdentity): void;
  messages(messages: Buffer[][]): void;
  /** Of the traffic, other than PING and PONG. */
  command(command: Command): void;
  /** Exactly once, and nothing after it. `error` is absent if the peer closed in good order. */
  closed(error: ZmtpError | undefined): void;
}

const pongsBelow = 64 * 1024;

/** A session on a socket. Owns the socket and its timers from construction to `closed`. */
export class Connection {
  readonly #socket: Socket;
  readonly #session: Session;
  readonly #handlers: ConnectionHandlers;
  readonly #batch = new OutgoingBatch();
  #isFlushScheduled = false;
  #isClosed = false;
  #isReady = false;
  #isPaused = false;
  #isHeld = false;
  #pingTimer: NodeJS.Timeout | undefined;

  /**
   * A socket that was accepted, or a function that begins to connect one. The latter is told where to read to, which
   * spares much copying; node:net has no such thing for accepted sockets.
   */
  constructor(
    source: Socket | ((onread: OnReadOpts) => Socket),
    config: SessionConfig,
    handlers: ConnectionHandlers,
  ) {
    this.#handlers = handlers;
    this.#session = new Session(config);
    this.#batch.addRaw(this.#session.greeting());
    const socket = typeof source === 'function' ? source(this.#reader()) : source;
    this.#socket = socket;
    if (socket === source) socket.on('data', (chunk: Buffer) => this.#receive(this.#session.push(chunk)));
    socket.on('error', (error) =>
      this.destroy(new ZmtpError('ZMTP_CONNECTION', `connection: ${error.message}`, { cause: error })),
    );
    socket.on('end', () => this.destroy());
    socket.on('close', () => this.destroy());
    if (socket.connecting) socket.once('connect', () => this.#flush());
    else this.#flush();
  }

  get isReady(): boolean {
    return this.#isReady && !this.#isClosed;
  }

  get bufferedBytes(): number {
    return this.#batch.bytes + this.#socket.writableLength;
  }

  send(frames: readonly Buffer[]): void {
    this.#batch.addMessage(frames);
    this.#scheduleFlush();
  }

  sendCommand(body: Buffer): void {
    this.#batch.addCommand(body);
    this.#scheduleFlush();
  }

  pause(): void {
    this.#isPaused = true;
    this.#applyPause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#applyPause();
  }

  /** As `pause` and `resume`, for a reason of this connection alone: it is read when neither holds it. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.#applyPause();
  }

  /** Sends what is queued, then closes. Whoever cannot wait longer calls `destroy`. */
  end(): void {
    if (this.#isClosed) return;
    this.#flush();
    this.#socket.end(() => this.destroy());
  }

  destroy(error?: ZmtpError): void {
    if (this.#isClosed) return;
    // What this tick had queued (an ERROR for the peer, a last message) still gets its one chance.
    if (!this.#socket.connecting) this.#flush();
    this.#isClosed = true;
    clearTimeout(this.#pingTimer);
    this.#socket.destroy();
    this.#handlers.closed(error);
  }

  #reader(): OnReadOpts {
    return {
      buffer: readBuffer(),
      callback: (bytes, buffer) => {
        this.#read(Buffer.from(buffer.buffer, buffer.byteOffset, bytes));
        return true;
      },
    };
  }

  /** `bytes` will be overwritten by the next read. */
  #read(bytes: Buffer): void {
    let rest = bytes;
    const { missing } = this.#session;
    if (missing !== undefined) {
      const length = bytes.copy(missing);
      rest = bytes.subarray(length);
      this.#receive(this.#session.advance(length));
    }
    if (rest.length > 0 && !this.#isClosed) this.#receive(this.#session.push(Buffer.from(rest)));
  }

  #receive(step: SessionStep): void {
    if (this.#isClosed) return;
    if (this.#pingTimer !== undefined) {
      clearTimeout(this.#pingTimer);
      this.#pingTimer = undefined;
    }
    if (step.send.length > 0) {
      for (const bytes of step.send) this.#batch.addRaw(bytes);
      this.#scheduleFlush();
    }
    try {
      if (step.ready !== undefined) {
        this.#isReady = true;
        this.#applyPause();
        this.#handlers.ready(step.ready);
      }
      for (const command of step.commands) this.#perform(command);
      // A handler may have closed this connection.
      if (step.messages.length > 0 && !this.#isClosed) this.#handlers.messages(step.messages);
    } finally {
      // Also if the owner's callback threw.
      if (step.error !== undefined) this.destroy(step.error);
    }
  }

  #perform({ name, data }: Command): void {
    if (this.#isClosed) return;
    switch (name) {
      case 'PING': {
        const ttlMs = pingTtlMs(data);
        if (ttlMs > 0) this.#expectTraffic(ttlMs);
        // While much is queued, that is sign of life enough; and a peer that pings without reading
        // cannot fill this side's memory with answers.
        if (this.bufferedBytes < pongsBelow) this.sendCommand(pongFor(data));
        return;
      }
      case 'PONG':
        return;
      default:
        this.#handlers.command({ name, data });
    }
  }

  /** Only once the handshake is over: a peer is not to time out because this side is busy. */
  #applyPause(): void {
    if (!this.isReady) return;
    if (this.#isPaused || this.#isHeld) this.#socket.pause();
    else this.#socket.resume();
  }

  #expectTraffic(ttlMs: number): void {
    clearTimeout(this.#pingTimer);
    this.#pingTimer = setTimeout(() => {
      this.destroy(new ZmtpError('ZMTP_PEER_TIMEOUT', `the peer was silent for ${ttlMs} ms after its PING`));
    }, ttlMs);
  }

  // At the end of the tick, so that the messages of one tick leave in one writev, and a lone one without delay.
  #scheduleFlush(): void {
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    process.nextTick(() => {
      this.#isFlushScheduled = false;
      if (!this.#socket.connecting) this.#flush();
    });
  }

  #flush(): void {
    if (this.#isClosed || this.#batch.bytes === 0 || !this.#socket.writable) return;
    const buffers = this.#batch.take();
    if (buffers.length === 1) {
      this.#socket.write(buffers[0]!);
      return;
    }
    this.#socket.cork();
    for (const buffer of buffers) this.#socket.write(buffer);
    this.#socket.uncork();
  }
}
