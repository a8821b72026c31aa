import { randomUUID } from 'node:crypto';
import {
  decodeWire,
  encodeWire,
  endpointOf,
  fromRaw,
  Signer,
  toRaw,
  type Channel,
  type ConnectionInfo,
  type Message,
  type MessageHeader,
} from '@perijove/protocol';
import { PubSocket, RepSocket, RouterSocket, XPubSocket } from '@perijove/zmtp';

/** A request with the frames that its reply has to begin with. */
export interface Request {
  readonly message: Message;
  readonly identities: readonly Buffer[];
}

export interface KernelSocketsOptions {
  readonly connection: ConnectionInfo;
  /** XPUB and an `iopub_welcome` for each new subscription (protocol 5.5), or a plain PUB that knows of none (5.3). */
  readonly welcomes: boolean;
  readonly protocolVersion: string;
  onRequest(request: Request): void;
}

type RouterChannel = Exclude<Channel, 'iopub'>;
const routerChannels: readonly RouterChannel[] = ['shell', 'control', 'stdin'];

/** The five sockets of a kernel, and the messages on them. */
export class KernelSockets {
  readonly session = randomUUID();
  readonly #options: KernelSocketsOptions;
  readonly #signer: Signer;
  readonly #routers: Readonly<Record<RouterChannel, RouterSocket>>;
  readonly #iopub: PubSocket | XPubSocket;
  readonly #heartbeat = new RepSocket();
  #count = 0;

  constructor(options: KernelSocketsOptions) {
    this.#options = options;
    this.#signer = new Signer(options.connection.key, options.connection.signature_scheme);
    this.#routers = { shell: new RouterSocket(), control: new RouterSocket(), stdin: new RouterSocket() };
    this.#iopub = options.welcomes ? new XPubSocket() : new PubSocket();
    for (const channel of routerChannels) {
      this.#routers[channel].onMessages = (messages) => {
        for (const frames of messages) this.#receive(channel, frames);
      };
    }
    this.#heartbeat.onMessages = (messages) => {
      for (const frames of messages) this.#heartbeat.send(frames);
    };
    this.#iopub.onMessages = (messages) => {
      for (const [frame] of messages) {
        if (frame?.[0] === 1) this.#welcome(frame.subarray(1));
      }
    };
  }

  /** Resolves to where they listen: ports that were 0 are real ones then. */
  async bind(): Promise<ConnectionInfo> {
    const { connection } = this.#options;
    const bound = { ...connection };
    const sockets = { ...this.#routers, iopub: this.#iopub, hb: this.#heartbeat };
    for (const port of ['shell', 'control', 'stdin', 'iopub', 'hb'] as const) {
      const endpoint = await sockets[port].bind(endpointOf(connection, port));
      if (connection.transport === 'tcp') bound[`${port}_port`] = Number(/\d+$/.exec(endpoint)?.[0]);
    }
    return bound;
  }

  async close(lingerMs: number): Promise<void> {
    const all = [...Object.values(this.#routers), this.#iopub, this.#heartbeat];
    await Promise.all(all.map((socket) => socket.close(lingerMs)));
  }

  reply(
    { message: request, identities }: Request,
    content: Record<string, unknown>,
    buffers: readonly Buffer[] = [],
  ): void {
    const { channel } = request;
    if (channel === 'iopub') throw new Error('nothing is asked on iopub');
    const type = request.header.msg_type.replace(/_request$/, '_reply');
    this.#routers[channel].send(this.#encode(channel, type, request.header, content, buffers, identities));
  }

  /** Asks the client of this request for a line. */
  askInput({ message, identities }: Request, prompt: string): void {
    const content = { prompt, password: false };
    this.#routers.stdin.send(this.#encode('stdin', 'input_request', message.header, content, [], identities));
  }

  publish(
    type: string,
    content: Record<string, unknown>,
    parent: Partial<MessageHeader> = {},
    buffers: readonly Buffer[] = [],
  ): void {
    this.publishFrames(this.encodeForIopub(type, content, parent, buffers));
  }

  encodeForIopub(
    type: string,
    content: Record<string, unknown>,
    parent: Partial<MessageHeader> = {},
    buffers: readonly Buffer[] = [],
  ): Buffer[] {
    const topic = Buffer.from(`kernel.${this.session}.${type}`);
    return this.#encode('iopub', type, parent, content, buffers, [topic]);
  }

  publishFrames(frames: readonly Buffer[]): void {
    this.#iopub.send(frames);
  }

  get bufferedIopubBytes(): number {
    return this.#iopub.bufferedBytes;
  }

  #receive(channel: RouterChannel, frames: Buffer[]): void {
    const { identities, message } = decodeWire(channel, frames, this.#signer);
    this.#options.onRequest({ message: fromRaw(message), identities });
  }

  // JEP 65: the topic of the message is the subscription, and there is no parent.
  #welcome(subscription: Buffer): void {
    const content = { subscription: subscription.toString('utf8') };
    this.#iopub.send(this.#encode('iopub', 'iopub_welcome', {}, content, [], [subscription]));
  }

  #encode(
    channel: Channel,
    type: string,
    parent: Partial<MessageHeader>,
    content: Record<string, unknown>,
    buffers: readonly Buffer[],
    identities: readonly Buffer[],
  ): Buffer[] {
    this.#count += 1;
    const header: MessageHeader = {
      msg_id: `${this.session}_${this.#count}`,
      msg_type: type,
      session: this.session,
      username: 'fake',
      date: new Date().toISOString(),
      version: this.#options.protocolVersion,
    };
    const message: Message = { channel, header, parent_header: parent, metadata: {}, content, buffers };
    return encodeWire(toRaw(message), this.#signer, identities);
  }
}
