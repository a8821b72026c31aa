import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
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
} from '@perijove/protocol';
import { DealerSocket, SubSocket } from '@perijove/zmtp';

export interface RequestOptions {
  readonly channel?: 'shell' | 'control';
  readonly subshellId?: string;
  readonly buffers?: readonly Buffer[];
  readonly timeoutMs?: number;
}

export interface ExecuteOptions extends RequestOptions {
  /** Answers each input_request. Absent: the kernel is told that nobody does. */
  readonly onInput?: (prompt: string) => string;
}

export interface Execution {
  readonly reply: Message;
  /** What the kernel published for it, up to and with its status idle. */
  readonly published: readonly Message[];
  /** All text of its stream messages. */
  readonly text: string;
}

type DealerChannel = Exclude<Channel, 'iopub'>;
const dealerChannels: readonly DealerChannel[] = ['shell', 'control', 'stdin'];

/** A kernel that is just starting is to be met soon after it listens. */
const reconnecting = { reconnectMs: 5, reconnectMaxMs: 60 };

/** A client on a kernel's own sockets, with no server between: what tests and benchmarks compare with. */
export class DirectClient {
  readonly session = randomUUID();
  /** Everything published, in order. */
  onPublished: ((message: Message) => void) | undefined;
  readonly #signer: Signer;
  readonly #dealers: Readonly<Record<DealerChannel, DealerSocket>>;
  readonly #iopub = new SubSocket(reconnecting);
  readonly #replies = new Map<string, (message: Message) => void>();
  readonly #inputs = new Map<string, (prompt: string) => string>();
  readonly #listeners = new Set<(message: Message) => void>();

  constructor(connection: ConnectionInfo) {
    this.#signer = new Signer(connection.key, connection.signature_scheme);
    const options = { routingId: Buffer.from(this.session), ...reconnecting };
    this.#dealers = {
      shell: new DealerSocket(options),
      control: new DealerSocket(options),
      stdin: new DealerSocket(options),
    };
    for (const channel of dealerChannels) {
      const socket = this.#dealers[channel];
      socket.onMessages = (messages) => {
        for (const frames of messages) this.#receive(channel, frames);
      };
      socket.connect(endpointOf(connection, channel));
    }
    this.#iopub.onMessages = (messages) => {
      for (const frames of messages) this.#receive('iopub', frames);
    };
    this.#iopub.subscribe('');
    this.#iopub.connect(endpointOf(connection, 'iopub'));
  }

  /** Resolves to the kernel's kernel_info_reply, once what it publishes arrives too. */
  async ready(timeoutMs = 30_000): Promise<Message> {
    const hears = this.#next((message) => message.header.msg_type !== 'iopub_welcome');
    let info = await this.request('kernel_info_request', {}, { timeoutMs });
    const giveUpAt = Date.now() + timeoutMs;
    // A subscription that is younger than a request misses what was published for it; then ask again.
    while (!(await Promise.race([hears.then(() => true), delay(50, false)]))) {
      if (Date.now() > giveUpAt) throw new Error('nothing arrives on iopub');
      info = await this.request('kernel_info_request', {}, { timeoutMs });
    }
    return info;
  }

  /** Sends a request and resolves to its reply. */
  request(type: string, content: Record<string, unknown>, options: RequestOptions = {}): Promise<Message> {
    return this.#ask(randomUUID(), type, content, options);
  }

  /** Runs code, and resolves when both its reply and its last output are there. */
  async execute(code: string, options: ExecuteOptions = {}): Promise<Execution> {
    const id = randomUUID();
    const published: Message[] = [];
    const idle = this.#next((message) => {
      if (message.parent_header.msg_id !== id) return false;
      published.push(message);
      return message.header.msg_type === 'status' && message.content['execution_state'] === 'idle';
    });
    const { onInput } = options;
    if (onInput) this.#inputs.set(id, onInput);
    const content = {
      code,
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: onInput !== undefined,
      stop_on_error: true,
    };
    try {
      const reply = await this.#ask(id, 'execute_request', content, options);
      await idle;
      const streams = published.filter(({ header }) => header.msg_type === 'stream');
      return { reply, published, text: streams.map((message) => String(message.content['text'])).join('') };
    } finally {
      this.#inputs.delete(id);
    }
  }

  /** Sends a message and waits for nothing. */
  send(id: string, type: string, content: Record<string, unknown>, options: RequestOptions = {}): void {
    this.#send(options.channel ?? 'shell', id, type, content, options);
  }

  async close(): Promise<void> {
    const all = [...Object.values(this.#dealers), this.#iopub];
    await Promise.all(all.map((socket) => socket.close(0)));
  }

  async #ask(
    id: string,
    type: string,
    content: Record<string, unknown>,
    options: RequestOptions,
  ): Promise<Message> {
    const { timeoutMs = 30_000 } = options;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Message>((resolve, reject) => {
        const tooLate = () => reject(new Error(`no reply to ${type} within ${timeoutMs} ms`));
        timer = setTimeout(tooLate, timeoutMs);
        this.#replies.set(id, resolve);
        this.send(id, type, content, options);
      });
    } finally {
      clearTimeout(timer);
      this.#replies.delete(id);
    }
  }

  #send(
    channel: DealerChannel,
    id: string,
    type: string,
    content: Record<string, unknown>,
    { subshellId, buffers = [], parent = {} }: RequestOptions & { parent?: Message['parent_header'] },
  ): void {
    const message: Message = {
      channel,
      header: {
        msg_id: id,
        msg_type: type,
        session: this.session,
        username: 'direct',
        date: new Date().toISOString(),
        version: '5.4',
        ...(subshellId === undefined ? {} : { subshell_id: subshellId }),
      },
      parent_header: parent,
      metadata: {},
      content,
      buffers,
    };
    this.#dealers[channel].send(encodeWire(toRaw(message), this.#signer));
  }

  #receive(channel: Channel, frames: Buffer[]): void {
    const message = fromRaw(decodeWire(channel, frames, this.#signer).message);
    const parent = message.parent_header.msg_id ?? '';
    if (channel === 'iopub') {
      this.onPublished?.(message);
      for (const listener of this.#listeners) listener(message);
    } else if (channel === 'stdin') {
      const value = this.#inputs.get(parent)?.(String(message.content['prompt']));
      if (value === undefined) throw new Error('an input_request for code that allowed none');
      this.#send('stdin', randomUUID(), 'input_reply', { value, status: 'ok' }, { parent: message.header });
    } else {
      this.#replies.get(parent)?.(message);
    }
  }

  /** The first published message from now on that is asked for. */
  #next(isIt: (message: Message) => boolean): Promise<Message> {
    return new Promise((resolve) => {
      const listen = (message: Message): void => {
        if (!isIt(message)) return;
        this.#listeners.delete(listen);
        resolve(message);
      };
      this.#listeners.add(listen);
    });
  }
}
