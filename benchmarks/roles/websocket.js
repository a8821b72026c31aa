// Clients of a server's WebSocket: take apart each message, parse nothing but its type.
import { randomUUID } from 'node:crypto';
import {
  decodeDefault,
  decodeV1,
  encodeDefault,
  encodeV1,
  peekHeader,
  peekString,
  subprotocols,
} from '@perijove/protocol';
import { serverMessage } from '../../packages/kernels/dist/channels/server-message.js';
import WebSocket from 'ws';
import { cpuMicros, serve } from './bench.js';

const clients = [];

class Client {
  constructor(url, framing) {
    this.session = randomUUID();
    this.framing = framing;
    this.replies = new Map();
    this.websocket = new WebSocket(
      `${url}&session_id=${this.session}`,
      framing === 'v1' ? [subprotocols.v1] : [],
      {
        perMessageDeflate: false,
        maxPayload: 2 ** 30,
        skipUTF8Validation: true,
      },
    );
    this.websocket.on('message', (data, isBinary) => {
      const message = framing === 'v1' ? decodeV1(data) : decodeDefault(data, isBinary);
      if (message.channel === 'iopub') this.onPublished?.(message);
      else {
        const id = peekHeader(message.parentHeader)?.msgId;
        this.replies.get(id)?.(message);
        this.replies.delete(id);
      }
    });
    this.opened = new Promise((resolve, reject) =>
      this.websocket.once('open', resolve).once('error', reject),
    );
  }

  request(msgType, content) {
    const msgId = randomUUID();
    return new Promise((resolve) => {
      this.replies.set(msgId, resolve);
      const message = serverMessage({ channel: 'shell', msgType, content, session: this.session, msgId });
      if (this.framing === 'v1') this.websocket.send(encodeV1(message));
      else this.websocket.send(encodeDefault(message).bytes, { binary: false });
    });
  }

  run(code, asks) {
    let messages = 0;
    let bytes = 0;
    let lines = 0;
    let first = 0;
    const content = {
      code,
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: true,
    };
    const reply = asks ? this.request('execute_request', content) : undefined;
    return new Promise((resolve) => {
      this.onPublished = (message) => {
        const type = peekString(message.header, 'msg_type');
        if (type === 'stream' || type === 'display_data') {
          if (messages++ === 0) first = performance.now();
          bytes += message.content.length;
          // A kernel may put a line's text and its end into two messages.
          if (type === 'stream') {
            const text = message.content.toString('latin1');
            // What a server itself has to say (that it has dropped some) comes on stderr.
            if (!/"name": ?"stderr"/.test(text)) lines += text.split('\\n').length - 1;
          }
        } else if (
          type === 'status' &&
          messages > 0 &&
          peekString(message.content, 'execution_state') === 'idle'
        ) {
          const ms = performance.now() - first;
          resolve(Promise.resolve(reply).then(() => ({ messages, bytes, lines, ms })));
        }
      };
    });
  }
}

serve({
  async connect({ url, count = 1, framing = 'v1' }) {
    for (let index = 0; index < count; index++) clients.push(new Client(url, framing));
    await Promise.all(clients.map(({ opened }) => opened));
  },
  async run({ code }) {
    const cpu = cpuMicros();
    const results = await Promise.all(clients.map((client, index) => client.run(code, index === 0)));
    return { results, cpu: cpuMicros() - cpu };
  },
  /** `of`: which client, from the end if negative. */
  async roundTrips({ count, pauseMs = 1, of = 0, msgType = 'kernel_info_request' }) {
    const times = [];
    for (let index = 0; index < count; index++) {
      const from = performance.now();
      await clients.at(of).request(msgType, {});
      times.push(performance.now() - from);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    return { times };
  },
});
