import { MessageQueue, type KernelLink, type LinkOptions } from '@perijove/kernels';
import {
  encodeDefault,
  encodeV1,
  peekString,
  ProtocolError,
  subprotocols,
  type Framing,
  type RawMessage,
} from '@perijove/protocol';
import { WebSocket } from 'ws';
import { retryDelayMs } from './retry-delay.ts';
import {
  byChannel,
  isForTheLink,
  nextOfNotice,
  readUpstream,
  saysDead,
  type UpstreamMessage,
} from './read-upstream.ts';
import type { GatewayCredentials } from './gateway-client.ts';

/** Up to where the messages of one kernel have come here; outlives links, so that the next goes on where this one broke. */
export interface UpstreamCursor {
  /** The gateway's number of the last message; undefined before the first, and where the gateway does not number. */
  last: number | undefined;
}

export interface GatewayLinkOptions extends LinkOptions {
  readonly cursor: UpstreamCursor;
  /** The address of the kernel's channels, without a query. */
  readonly url: string;
  credentials(): GatewayCredentials;
  readonly connectTimeoutMs: number;
  readonly retryMaxMs: number;
  readonly maxMessageBytes: number;
  /** The gateway refuses the socket or has ended it, or says that the kernel is dead: somebody should ask what there is. */
  onTrouble(): void;
}

type State =
  | { readonly status: 'preparing' }
  | { readonly status: 'connecting'; readonly socket: WebSocket }
  | { readonly status: 'open'; readonly socket: WebSocket; readonly framing: Framing; readonly since: number }
  | { readonly status: 'waiting'; readonly timer: NodeJS.Timeout }
  | { readonly status: 'closed' };

/** A gateway that says nothing for twice as long, not even that it is there, is gone without a word. */
const beatMs = 20_000;
/** A socket that was open for so long was not refused. */
const stableMs = 5000;

/**
 * The way to a kernel behind a gateway: one WebSocket, opened again whenever it breaks. Where the gateway numbers its messages (our
 * own does), it goes on after the last that came, so nothing is lost and nothing comes twice. Another gateway is known by its
 * session again, and gives what it has kept for it.
 */
export class GatewayLink implements KernelLink {
  readonly #options: GatewayLinkOptions;
  readonly #queue: MessageQueue;
  #state: State;
  #offersSubprotocols = true;
  #attempt = 0;
  #batch: RawMessage[] = [];
  #isPaused = false;
  /** Messages that may come again, among those that the gateway had when this link began; undefined once all of those have come. */
  #known: ReadonlySet<string> | undefined;
  #knownBefore = Infinity;
  #isHeard = true;
  #refused = 0;
  readonly #beat: NodeJS.Timeout;

  constructor(options: GatewayLinkOptions) {
    this.#options = options;
    this.#queue = new MessageQueue(options.limits);
    this.#state = { status: 'preparing' };
    void this.#prepare();
    this.#beat = setInterval(() => this.#checkPulse(), beatMs).unref();
  }

  get bufferedBytes(): number {
    return this.#state.status === 'open' ? this.#state.socket.bufferedAmount : 0;
  }

  send(message: RawMessage): boolean {
    const state = this.#state;
    if (state.status !== 'open') return this.#queue.add(message);
    if (state.socket.bufferedAmount > this.#options.limits.queuedBytes) return false;
    sendOn(state.socket, state.framing, message);
    return true;
  }

  pause(): void {
    this.#isPaused = true;
    if (this.#state.status === 'open') this.#state.socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#state.status === 'open') this.#state.socket.resume();
  }

  /** Does not wait any longer: the gateway is known to be there again. */
  retryNow(): void {
    if (this.#state.status !== 'waiting') return;
    clearTimeout(this.#state.timer);
    this.#attempt = 0;
    this.#state = this.#connect();
  }

  close(): void {
    const state = this.#state;
    this.#state = { status: 'closed' };
    clearInterval(this.#beat);
    if (state.status === 'waiting') clearTimeout(state.timer);
    else if (state.status === 'connecting') state.socket.terminate();
    else if (state.status === 'open') state.socket.close(1000);
  }

  /** A successor of a process that ended is given again what that one had not confirmed. */
  async #prepare(): Promise<void> {
    if (this.#options.cursor.last === undefined) this.#known = await this.#options.recentIds();
    if (this.#state.status === 'preparing') this.#state = this.#connect();
  }

  #connect(): State {
    const { cursor, identity, url, connectTimeoutMs, maxMessageBytes } = this.#options;
    const query = new URLSearchParams({ session_id: identity, relay: '1' });
    if (cursor.last !== undefined && this.#offersSubprotocols) query.set('after', String(cursor.last));
    const { headers, tls } = this.#options.credentials();
    const offered = this.#offersSubprotocols ? [subprotocols.numbered, subprotocols.v1] : [];
    const socket = new WebSocket(`${url}?${query.toString()}`, offered, {
      headers: { ...headers },
      ...tls,
      handshakeTimeout: connectTimeoutMs,
      maxPayload: maxMessageBytes,
      perMessageDeflate: false,
      autoPong: false,
    });
    let problem: string | undefined;
    socket.on('open', () => this.#opened(socket));
    socket.on('error', (error) => (problem = error.message));
    socket.on('close', (code) => this.#ended(socket, code, problem));
    socket.on('message', (data, isBinary) => this.#received(socket, data as Buffer, isBinary));
    socket.on('ping', (payload) => this.#pinged(socket, payload));
    socket.on('pong', () => (this.#isHeard = true));
    return { status: 'connecting', socket };
  }

  #opened(socket: WebSocket): void {
    if (this.#state.status !== 'connecting' || this.#state.socket !== socket) return socket.terminate();
    const framing = framingOf(socket.protocol);
    this.#state = { status: 'open', socket, framing, since: performance.now() };
    this.#isHeard = true;
    if (framing !== 'numbered') this.#options.cursor.last = undefined;
    if (this.#isPaused) socket.pause();
    for (const message of this.#queue.takeAll()) sendOn(socket, framing, message);
  }

  #ended(socket: WebSocket, code: number, problem: string | undefined): void {
    const state = this.#state;
    if ((state.status !== 'connecting' && state.status !== 'open') || state.socket !== socket) return;
    const { log, identity, retryMaxMs } = this.#options;
    if (state.status === 'connecting' && problem === noSubprotocol) {
      // `ws` takes it for a failure that a server chooses none, which is how an older gateway says that it knows none.
      this.#offersSubprotocols = false;
      this.#state = this.#connect();
      return;
    }
    if (state.status === 'open' && performance.now() - state.since > stableMs) this.#attempt = 0;
    const delayMs = retryDelayMs(this.#attempt++, retryMaxMs, Math.random());
    log.debug({ identity, code, problem, delayMs }, 'the connection to a kernel at the gateway has ended');
    const timer = setTimeout(() => {
      this.#state = this.#connect();
    }, delayMs);
    this.#state = { status: 'waiting', timer };
    this.#options.onTrouble();
  }

  #received(socket: WebSocket, data: Buffer, isBinary: boolean): void {
    const state = this.#state;
    if (state.status !== 'open' || state.socket !== socket) return;
    this.#isHeard = true;
    const { cursor } = this.#options;
    let message: RawMessage;
    try {
      const read = readUpstream(state.framing, data, isBinary);
      message = read.message;
      if (read.number !== undefined) cursor.last = read.number;
      if (this.#known !== undefined && this.#isKnown(read)) return;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return this.#refuse(error);
    }
    if (state.framing === 'numbered' ? isForTheLink(message) : saysDead(message)) {
      if (state.framing !== 'numbered') this.#options.onTrouble();
      return;
    }
    // All that one read has brought is handed on together: `ws` tells of it in one go.
    if (this.#batch.push(message) === 1) queueMicrotask(() => this.#flush());
  }

  #isKnown({ number = Infinity, message }: UpstreamMessage): boolean {
    if (this.#known?.has(peekString(message.header, 'msg_id'))) return true;
    const next = nextOfNotice(message);
    if (next !== undefined && this.#knownBefore === Infinity) this.#knownBefore = next;
    else if (number + 1 >= this.#knownBefore || number === Infinity) this.#known = undefined;
    return false;
  }

  /** An answer says that what came before is kept: whatever ends this process, the gateway need not give it again. */
  #pinged(socket: WebSocket, payload: Buffer): void {
    this.#isHeard = true;
    this.#flush();
    this.#options.whenKept(() => {
      if (socket.readyState === WebSocket.OPEN) socket.pong(payload);
    });
  }

  #flush(): void {
    const messages = this.#batch;
    this.#batch = [];
    if (messages.length === 0 || this.#state.status === 'closed') return;
    byChannel(messages, (channel, run) => this.#options.onMessages(channel, run));
  }

  #checkPulse(): void {
    if (this.#state.status !== 'open') return;
    // One that we do not read says nothing that we could hear.
    if (!this.#isHeard && !this.#isPaused) return this.#state.socket.terminate();
    this.#isHeard = false;
    this.#state.socket.ping();
  }

  /** The log says so at 1, 10, 100, … of them. */
  #refuse(error: ProtocolError): void {
    this.#refused++;
    if (Number.isInteger(Math.log10(this.#refused))) {
      this.#options.log.warn({ code: error.code, refused: this.#refused }, error.message);
    }
  }
}

const noSubprotocol = 'Server sent no subprotocol';

function framingOf(protocol: string): Framing {
  if (protocol === subprotocols.numbered) return 'numbered';
  return protocol === subprotocols.v1 ? 'v1' : 'default';
}

function sendOn(socket: WebSocket, framing: Framing, message: RawMessage): void {
  if (framing !== 'default') return socket.send(encodeV1(message), { binary: true });
  const { bytes, isBinary } = encodeDefault(message);
  socket.send(bytes, { binary: isBinary });
}
