// A client without a network, for tests: what it is sent, taken apart again.
import {
  decodeDefault,
  decodeV1,
  encodeV1,
  frameAt,
  fromRaw,
  toRaw,
  type Channel,
  type Framing,
  type Message,
  type MessageHeader,
} from '@perijove/protocol';
import { randomUUID } from 'node:crypto';
import type { Client } from './client.ts';
import type { ClientSocket } from './client-socket.ts';
import type { KernelChannels } from './kernel-channels.ts';

export interface Received {
  readonly message: Message;
  /** With the numbered framing. */
  readonly number: number | undefined;
}

export class TestClient implements ClientSocket {
  readonly sessionId: string;
  readonly framing: Framing;
  readonly received: Received[] = [];
  readonly pings: Buffer[] = [];
  closedWith: { code: number; reason: string } | undefined;
  /** Does not take anything: bytes stay in the socket. */
  isStuck = false;
  #client: Client | undefined;
  #waiting: Buffer[] = [];
  #arrived: (() => void)[] = [];

  constructor(options: { sessionId?: string; framing?: Framing } = {}) {
    this.sessionId = options.sessionId ?? randomUUID();
    this.framing = options.framing ?? 'numbered';
  }

  attach(channels: KernelChannels, after?: number): this {
    this.#client = channels.attach({
      sessionId: this.sessionId,
      framing: this.framing,
      socket: this,
      ...(after === undefined ? {} : { after }),
    });
    return this;
  }

  get client(): Client {
    if (this.#client === undefined) throw new Error('not attached');
    return this.#client;
  }

  get bufferedBytes(): number {
    return this.#waiting.reduce((sum, { length }) => sum + length, 0);
  }

  write(frames: Buffer): void {
    if (this.closedWith !== undefined) return;
    if (this.isStuck) this.#waiting.push(frames);
    else this.#take(frames);
  }

  ping(payload: Buffer): void {
    this.pings.push(payload);
  }

  close(code: number, reason: string): void {
    this.closedWith ??= { code, reason };
    this.#wake();
  }

  /** Reads what is in the socket, and what comes of that, until nothing more waits. */
  unstick(): void {
    this.isStuck = false;
    for (const frames of this.#waiting.splice(0)) this.#take(frames);
    this.client.catchUp();
  }

  pong(): void {
    for (const payload of this.pings.splice(0)) this.client.ponged(payload);
  }

  send(
    channel: Channel,
    msgType: string,
    content: Record<string, unknown>,
    parent: Partial<MessageHeader> = {},
  ): string {
    const msgId = randomUUID();
    const header = {
      msg_id: msgId,
      msg_type: msgType,
      session: this.sessionId,
      username: '',
      date: '',
      version: '5.4',
    };
    const message = { channel, header, parent_header: parent, metadata: {}, content, buffers: [] };
    this.client.receive(encodeV1(toRaw(message)), true);
    return msgId;
  }

  execute(code: string): string {
    return this.send('shell', 'execute_request', {
      code,
      silent: false,
      allow_stdin: true,
      stop_on_error: true,
    });
  }

  async message(fits: (message: Message) => boolean, timeoutMs = 25_000): Promise<Message> {
    let seen = 0;
    await this.until(() => {
      for (; seen < this.received.length; seen++) if (fits(this.received[seen]!.message)) return true;
      return false;
    }, timeoutMs);
    return this.received[seen]!.message;
  }

  /** Both the reply and the status idle. */
  async finished(msgId: string): Promise<Message> {
    const isMine = (message: Message): boolean => message.parent_header.msg_id === msgId;
    await this.message((m) => isMine(m) && m.content['execution_state'] === 'idle');
    return this.message((m) => isMine(m) && m.header.msg_type.endsWith('_reply'));
  }

  async until(isTrue: () => boolean, timeoutMs = 25_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!isTrue()) {
      if (performance.now() > deadline) throw new Error(`in vain; ${this.types().slice(-20).join(' ')}`);
      // oxlint-disable-next-line no-await-in-loop
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 50);
        this.#arrived.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  types(): string[] {
    return this.received.map(({ message }) => message.header.msg_type);
  }

  printed(msgId?: string): string {
    return this.received
      .filter(({ message: { header, parent_header, content } }) => {
        const isMine = msgId === undefined || parent_header.msg_id === msgId;
        return isMine && header.msg_type === 'stream' && content['name'] === 'stdout';
      })
      .map(({ message }) => String(message.content['text']))
      .join('');
  }

  #take(frames: Buffer): void {
    for (let at = 0; at < frames.length;) {
      const { opcode, start, end } = frameAt(frames, at)!;
      const payload = frames.subarray(start, end);
      at = end;
      const number = this.framing === 'numbered' ? Number(payload.readBigUInt64LE(0)) : undefined;
      const raw =
        this.framing === 'default'
          ? decodeDefault(payload, opcode === 2)
          : decodeV1(number === undefined ? payload : payload.subarray(8));
      this.received.push({ message: fromRaw(raw), number });
    }
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#arrived.splice(0)) wake();
  }
}
