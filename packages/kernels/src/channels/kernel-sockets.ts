import {
  decodeWire,
  encodeWire,
  endpointOf,
  ProtocolError,
  Signer,
  type Channel,
  type ConnectionInfo,
  type RawMessage,
} from '@perijove/protocol';
import { DealerSocket, SubSocket } from '@perijove/zmtp';
import type { KernelLink, LinkOptions } from './kernel-link.ts';
import { ReadPacer } from './read-pacer.ts';

// A kernel is often still starting: what counts is how soon it is noticed that it listens.
const reconnectMs = 5;
const reconnectMaxMs = 60;
const lingerMs = 100;

/** The one set of ZMTP sockets to a kernel. Signs what it sends, and believes only what is signed. */
export class KernelSockets implements KernelLink {
  readonly #options: LinkOptions;
  readonly #signer: Signer;
  readonly #dealers: Record<'shell' | 'control' | 'stdin', DealerSocket>;
  readonly #iopub: SubSocket;
  readonly #pacer: ReadPacer;
  #refused = 0;
  #isClosed = false;

  constructor(connection: ConnectionInfo, options: LinkOptions) {
    this.#options = options;
    this.#signer = new Signer(connection.key, connection.signature_scheme);
    this.#iopub = new SubSocket({ reconnectMs, reconnectMaxMs });
    this.#pacer = new ReadPacer(this.#iopub, options.limits);
    this.#iopub.onMessages = (messages) => {
      this.#receive('iopub', messages);
      this.#pacer.read(messages.length, bytesOf(messages));
    };
    this.#iopub.subscribe('');
    this.#iopub.connect(endpointOf(connection, 'iopub'));
    this.#dealers = {
      shell: this.#dealer(connection, 'shell'),
      control: this.#dealer(connection, 'control'),
      stdin: this.#dealer(connection, 'stdin'),
    };
  }

  get bufferedBytes(): number {
    const { shell, control, stdin } = this.#dealers;
    return shell.bufferedBytes + control.bufferedBytes + stdin.bufferedBytes;
  }

  send(message: RawMessage): boolean {
    if (message.channel === 'iopub') throw new TypeError('nothing is sent on iopub');
    this.#dealers[message.channel].send(encodeWire(message, this.#signer));
    return true;
  }

  pause(): void {
    this.#pacer.hold();
  }

  resume(): void {
    this.#pacer.release();
  }

  close(): void {
    this.#isClosed = true;
    this.#pacer.stop();
    for (const socket of [this.#iopub, ...Object.values(this.#dealers)]) void socket.close(lingerMs);
  }

  #dealer(connection: ConnectionInfo, channel: 'shell' | 'control' | 'stdin'): DealerSocket {
    const socket = new DealerSocket({
      routingId: Buffer.from(this.#options.identity),
      reconnectMs,
      reconnectMaxMs,
    });
    socket.onMessages = (messages) => this.#receive(channel, messages);
    socket.connect(endpointOf(connection, channel));
    return socket;
  }

  #receive(channel: Channel, frames: readonly Buffer[][]): void {
    if (this.#isClosed) return;
    const messages: RawMessage[] = [];
    for (const message of frames) {
      try {
        messages.push(decodeWire(channel, message, this.#signer).message);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        this.#refuse(channel, error);
      }
    }
    if (messages.length > 0) this.#options.onMessages(channel, messages);
  }

  /** Whoever can send one such message can send a million: the log says so at 1, 10, 100, … of them. */
  #refuse(channel: Channel, error: ProtocolError): void {
    this.#refused++;
    if (Number.isInteger(Math.log10(this.#refused))) {
      this.#options.log.warn({ channel, code: error.code, refused: this.#refused }, error.message);
    }
  }
}

function bytesOf(messages: readonly Buffer[][]): number {
  let bytes = 0;
  for (const frames of messages) for (const frame of frames) bytes += frame.length;
  return bytes;
}
