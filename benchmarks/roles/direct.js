// Clients on the kernel's own sockets: verify and take apart each message, parse nothing but its type.
import { randomUUID } from 'node:crypto';
import { decodeWire, encodeWire, endpointOf, peekHeader, peekString, Signer } from '@perijove/protocol';
import { serverMessage } from '../../packages/kernels/dist/channels/server-message.js';
import { DealerSocket, SubSocket } from '@perijove/zmtp';
import { cpuMicros, serve } from './bench.js';

const clients = [];

class Direct {
  constructor(connection) {
    this.signer = new Signer(connection.key, connection.signature_scheme);
    this.session = randomUUID();
    this.shell = new DealerSocket({ routingId: Buffer.from(this.session) });
    this.iopub = new SubSocket();
    this.replies = new Map();
    this.shell.onMessages = (messages) => {
      for (const frames of messages) {
        const { message } = decodeWire('shell', frames, this.signer);
        const id = peekHeader(message.parentHeader)?.msgId;
        this.replies.get(id)?.(message);
        this.replies.delete(id);
      }
    };
    this.iopub.onMessages = (messages) => {
      for (const frames of messages) this.onPublished?.(decodeWire('iopub', frames, this.signer).message);
    };
    this.iopub.subscribe('');
    this.iopub.connect(endpointOf(connection, 'iopub'));
    this.shell.connect(endpointOf(connection, 'shell'));
  }

  async ready() {
    const heard = new Promise((resolve) => (this.onPublished = resolve));
    await this.request('kernel_info_request', {});
    const again = setInterval(() => this.request('kernel_info_request', {}), 50);
    await heard;
    clearInterval(again);
  }

  request(msgType, content) {
    const msgId = randomUUID();
    return new Promise((resolve) => {
      this.replies.set(msgId, resolve);
      const message = serverMessage({ channel: 'shell', msgType, content, session: this.session, msgId });
      this.shell.send(encodeWire(message, this.signer));
    });
  }

  /** Runs code and counts what comes of it until idle. */
  run(code, replies) {
    let messages = 0;
    let bytes = 0;
    let lines = 0;
    let first = 0;
    const reply =
      this.request === undefined || replies === false
        ? undefined
        : this.request('execute_request', request(code));
    return new Promise((resolve) => {
      this.onPublished = (message) => {
        const type = peekString(message.header, 'msg_type');
        if (type === 'stream' || type === 'display_data') {
          if (messages++ === 0) first = performance.now();
          bytes += message.content.length;
          // A kernel may put a line's text and its end into two messages.
          if (type === 'stream') lines += message.content.toString('latin1').split('\\n').length - 1;
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

export function request(code) {
  return {
    code,
    silent: false,
    store_history: true,
    user_expressions: {},
    allow_stdin: false,
    stop_on_error: true,
  };
}

serve({
  async connect({ connection, count = 1 }) {
    for (let index = 0; index < count; index++) clients.push(new Direct(connection));
    await Promise.all(clients.map((client) => client.ready()));
  },
  async run({ code }) {
    const cpu = cpuMicros();
    const results = await Promise.all(clients.map((client, index) => client.run(code, index === 0)));
    return { results, cpu: cpuMicros() - cpu };
  },
  /** Counts what somebody else runs. */
  async listen() {
    return { results: await Promise.all(clients.map((client) => client.run('', false))) };
  },
  async roundTrips({ count, pauseMs = 1 }) {
    const times = [];
    for (let index = 0; index < count; index++) {
      const from = performance.now();
      await clients[0].request('kernel_info_request', {});
      times.push(performance.now() - from);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    return { times };
  },
});
