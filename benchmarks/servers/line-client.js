import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { decodeV1, encodeV1, peekString, subprotocols } from '@perijove/protocol';
import WebSocket from 'ws';
import { serverMessage } from '../../packages/kernels/dist/channels/server-message.js';

/** Python that prints numbered lines with their time, each in one message. */
export function printingLines(count, pauseMs) {
  return `import sys, time
for i in range(${count}):
    sys.stdout.write(f"{i} {time.time()}\\n"); sys.stdout.flush(); time.sleep(${pauseMs / 1000})`;
}

/**
 * A page with a session of its own, that reads what `printingLines` prints. `isNumbered` asks for our framing, which tells each
 * message's number; `after` for all that came after one.
 */
export class LineClient {
  /** Number of the line → when the kernel printed it, in seconds. */
  lines = new Map();
  /** Of the last message. */
  number = 0;
  /** What the server says about its journal. */
  notices = [];
  session = randomUUID();

  constructor(url, { isNumbered = false, after } = {}) {
    const asked = after === undefined ? '' : `&after=${after}`;
    this.websocket = new WebSocket(`${url}&session_id=${this.session}${asked}`, [
      isNumbered ? subprotocols.numbered : subprotocols.v1,
    ]);
    this.websocket.on('message', (data, isBinary) => {
      if (!isBinary) return;
      const isOurs = this.websocket.protocol === subprotocols.numbered;
      if (isOurs) this.number = Number(data.readBigUInt64LE(0));
      this.#receive(decodeV1(isOurs ? data.subarray(8) : data));
    });
    this.closed = new Promise((resolve) => this.websocket.once('close', resolve));
    this.websocket.on('error', () => {});
  }

  async opened() {
    await once(this.websocket, 'open', { signal: AbortSignal.timeout(60_000) });
    return this;
  }

  request(msgType, content) {
    this.websocket.send(
      encodeV1(
        serverMessage({ channel: 'shell', msgType, content, session: this.session, msgId: randomUUID() }),
      ),
    );
  }

  execute(code) {
    this.request('execute_request', {
      code,
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: true,
    });
  }

  /** Once so many lines have come, or `isOver` as they stand still. */
  async until(count, { quietMs = 3000 } = {}) {
    let [size, since] = [this.lines.size, performance.now()];
    while (this.lines.size < count && performance.now() - since < quietMs) {
      await delay(5);
      if (this.lines.size !== size) [size, since] = [this.lines.size, performance.now()];
    }
  }

  async close() {
    this.websocket.terminate();
    await this.closed;
  }

  #receive(message) {
    const type = peekString(message.header, 'msg_type');
    if (type === 'perijove_journal') this.notices.push(JSON.parse(message.content.toString('utf8')));
    if (type !== 'stream') return;
    const { text } = JSON.parse(message.content.toString('utf8'));
    for (const [, line, time] of text.matchAll(/^(\d+) (\d+\.\d+)$/gm))
      this.lines.set(Number(line), Number(time));
  }
}
