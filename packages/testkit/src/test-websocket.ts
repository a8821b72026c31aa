// A client of a kernel's WebSocket, for tests.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  decodeDefault,
  decodeV1,
  encodeDefault,
  encodeV1,
  fromRaw,
  subprotocols,
  toRaw,
  type Channel,
  type Framing,
  type Message,
  type MessageHeader,
} from '@perijove/protocol';
import { WebSocket } from 'ws';

export interface TestWebSocketOptions {
  readonly framing: Framing;
  readonly session?: string;
  readonly after?: number;
}

export class TestWebSocket {
  readonly websocket: WebSocket;
  readonly session: string;
  /** In the order in which they came. */
  readonly messages: Message[] = [];
  /** Of the messages, with the numbered framing. */
  readonly numbers: number[] = [];
  readonly #framing: Framing;
  #arrived: (() => void)[] = [];

  constructor(url: string, options: TestWebSocketOptions) {
    this.#framing = options.framing;
    this.session = options.session ?? randomUUID();
    const query = new URLSearchParams({ session_id: this.session });
    if (options.after !== undefined) query.set('after', String(options.after));
    this.websocket = new WebSocket(
      `${url}${url.includes('?') ? '&' : '?'}${query.toString()}`,
      options.framing === 'default' ? [] : [subprotocols[options.framing]],
      { perMessageDeflate: false, maxPayload: 2 ** 30 },
    );
    this.websocket.on('message', (data, isBinary) => this.#receive(data as Buffer, isBinary));
    this.websocket.on('close', () => this.#wake());
    this.websocket.on('error', () => this.#wake());
  }

  async opened(): Promise<this> {
    if (this.websocket.readyState !== WebSocket.OPEN) await once(this.websocket, 'open');
    return this;
  }

  /** Sends a request and returns its msg_id. */
  request(
    channel: Channel,
    msgType: string,
    content: Record<string, unknown>,
    buffers: Buffer[] = [],
    header: Partial<MessageHeader> = {},
  ): string {
    const msgId = randomUUID();
    const raw = toRaw({
      channel,
      header: {
        msg_id: msgId,
        msg_type: msgType,
        session: this.session,
        username: 'test',
        date: new Date().toISOString(),
        version: '5.4',
        ...header,
      },
      parent_header: {},
      metadata: {},
      content,
      buffers,
    });
    if (this.#framing === 'default') {
      const { bytes, isBinary } = encodeDefault(raw);
      this.websocket.send(bytes, { binary: isBinary });
    } else this.websocket.send(encodeV1(raw));
    return msgId;
  }

  execute(code: string, options: Record<string, unknown> = {}): string {
    return this.request('shell', 'execute_request', {
      code,
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: true,
      stop_on_error: true,
      ...options,
    });
  }

  /** The first message that fits, of those that have come and those to come. */
  async message(fits: (message: Message) => boolean, timeoutMs = 20_000): Promise<Message> {
    const deadline = performance.now() + timeoutMs;
    for (let index = 0; ;) {
      for (; index < this.messages.length; index++) {
        const message = this.messages[index]!;
        if (fits(message)) return message;
      }
      const isOver = this.websocket.readyState >= WebSocket.CLOSING;
      if (isOver || performance.now() > deadline) {
        const seen = this.messages.map(({ channel, header }) => `${channel}:${header.msg_type}`).slice(-20);
        throw new Error(
          `no such message${isOver ? ', and the socket is closed' : ''}; the last were ${seen.join(' ')}`,
        );
      }
      // oxlint-disable-next-line no-await-in-loop
      await this.#next(deadline - performance.now());
    }
  }

  /** Both the reply to a request and the `idle` that ends it. */
  async finished(msgId: string, timeoutMs?: number): Promise<Message> {
    const isMine = (message: Message): boolean => message.parent_header.msg_id === msgId;
    await this.message(
      (m) => isMine(m) && m.header.msg_type === 'status' && m.content['execution_state'] === 'idle',
      timeoutMs,
    );
    return this.message((m) => isMine(m) && m.header.msg_type.endsWith('_reply'), timeoutMs);
  }

  /** All that a request printed. */
  printed(msgId: string, name = 'stdout'): string {
    return this.messages
      .filter(({ header, parent_header, content }) => {
        return header.msg_type === 'stream' && parent_header.msg_id === msgId && content['name'] === name;
      })
      .map(({ content }) => String(content['text']))
      .join('');
  }

  async close(): Promise<void> {
    if (this.websocket.readyState === WebSocket.CLOSED) return;
    const closed = once(this.websocket, 'close');
    this.websocket.close();
    await closed;
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (this.#framing === 'numbered') this.numbers.push(Number(data.readBigUInt64LE(0)));
    const raw =
      this.#framing === 'default'
        ? decodeDefault(data, isBinary)
        : decodeV1(this.#framing === 'numbered' ? data.subarray(8) : data);
    this.messages.push(fromRaw(raw));
    this.#wake();
  }

  #next(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#arrived.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #wake(): void {
    const arrived = this.#arrived;
    this.#arrived = [];
    for (const wake of arrived) wake();
  }
}
