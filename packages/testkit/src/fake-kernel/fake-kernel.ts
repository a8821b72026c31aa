import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ConnectionInfo, Message, MessageHeader } from '@perijove/protocol';
import { parseCommands, type Command } from './command.ts';
import { KernelSockets, type Request } from './kernel-sockets.ts';

export interface FakeKernelOptions {
  /** Absent: TCP on the loopback, free ports, a fresh key. */
  readonly connection?: ConnectionInfo;
  /** 5.5 welcomes its subscribers, 5.3 does not. */
  readonly protocolVersion?: '5.3' | '5.5';
  /** Leaves the process to end, for a kernel that has one of its own. */
  onEnd?(end: FakeKernelEnd): void;
}

/** How a fake kernel ended: it was shut down, or its code said `exit` or `crash`. */
export type FakeKernelEnd =
  | { readonly by: 'shutdown'; readonly restart: boolean }
  | { readonly by: 'exit'; readonly code: number }
  | { readonly by: 'crash'; readonly signal: NodeJS.Signals }
  | { readonly by: 'close' };

/** Starts a kernel in this process that speaks the real protocol on real sockets, and executes `Command`s. */
export async function startFakeKernel(options: FakeKernelOptions = {}): Promise<FakeKernel> {
  const kernel = new FakeKernel(options);
  await kernel.start();
  return kernel;
}

/** An ordinary kernel in what clients can see. What it does not know, it throws, so that a test fails. */
export class FakeKernel {
  /** Resolves once, when it has closed its sockets. */
  readonly ended: Promise<FakeKernelEnd>;
  readonly #options: FakeKernelOptions;
  readonly #sockets: KernelSockets;
  readonly #queues = new Map<string, Promise<void>>();
  readonly #comms = new Map<string, string>();
  readonly #inputs: ((value: string) => void)[] = [];
  #connection: ConnectionInfo;
  #executionCount = 0;
  #interruption = new AbortController();
  /** Requests that came before this moment of their queue's count are answered `aborted`, after an error. */
  #abortBefore = 0;
  #received = 0;
  #end!: (end: FakeKernelEnd) => void;
  #isEnding = false;

  constructor(options: FakeKernelOptions) {
    this.#options = options;
    this.#connection = options.connection ?? freshConnection();
    this.ended = new Promise((resolve) => (this.#end = resolve));
    this.#sockets = new KernelSockets({
      connection: this.#connection,
      welcomes: this.#protocolVersion === '5.5',
      protocolVersion: this.#protocolVersion,
      onRequest: (request) => this.#receive(request),
    });
  }

  get connection(): ConnectionInfo {
    return this.#connection;
  }

  get #protocolVersion(): string {
    return this.#options.protocolVersion ?? '5.5';
  }

  async start(): Promise<void> {
    this.#connection = await this.#sockets.bind();
    this.#sockets.publish('status', { execution_state: 'starting' });
  }

  /** Publishes any message on iopub, as if a thread of the kernel's user had. */
  publish(
    type: string,
    content: Record<string, unknown>,
    parent: Partial<MessageHeader> = {},
    buffers: readonly Buffer[] = [],
  ): void {
    this.#sockets.publish(type, content, parent, buffers);
  }

  /** What SIGINT does. */
  interrupt(): void {
    this.#interruption.abort();
    this.#interruption = new AbortController();
  }

  close(): Promise<void> {
    return this.#finish({ by: 'close' }, 0);
  }

  #receive(request: Request): void {
    const { message } = request;
    if (message.channel === 'stdin') {
      this.#takeInput(message);
      return;
    }
    if (message.channel === 'control') {
      void this.#handle(request);
      return;
    }
    this.#received += 1;
    const number = this.#received;
    const subshell = message.header.subshell_id ?? '';
    const queue = this.#queues.get(subshell) ?? (subshell === '' ? Promise.resolve() : undefined);
    if (!queue) throw new Error(`the fake kernel has no subshell ${subshell}`);
    this.#queues.set(
      subshell,
      queue.then(() => (number <= this.#abortBefore ? this.#abort(request) : this.#handle(request))),
    );
  }

  async #handle(request: Request): Promise<void> {
    const parent = request.message.header;
    this.#sockets.publish('status', { execution_state: 'busy' }, parent);
    await this.#answer(request);
    this.#sockets.publish('status', { execution_state: 'idle' }, parent);
  }

  async #abort(request: Request): Promise<void> {
    const parent = request.message.header;
    if (parent.msg_type !== 'execute_request') return this.#handle(request);
    this.#sockets.publish('status', { execution_state: 'busy' }, parent);
    this.#sockets.reply(request, { status: 'aborted' });
    this.#sockets.publish('status', { execution_state: 'idle' }, parent);
  }

  async #answer(request: Request): Promise<void> {
    const { header, content } = request.message;
    const reply = (fields: Record<string, unknown> = {}) =>
      this.#sockets.reply(request, { status: 'ok', ...fields });
    switch (header.msg_type) {
      case 'kernel_info_request':
        return reply(kernelInfo(this.#protocolVersion));
      case 'execute_request':
        return this.#execute(request);
      case 'interrupt_request':
        this.interrupt();
        return reply();
      case 'shutdown_request': {
        const restart = content['restart'] === true;
        reply({ restart });
        this.#sockets.publish('shutdown_reply', { status: 'ok', restart }, header);
        return void this.#finish({ by: 'shutdown', restart }, 500);
      }
      case 'comm_open':
        this.#comms.set(text(content, 'comm_id'), text(content, 'target_name'));
        return this.#echoComm(request.message);
      case 'comm_msg':
        return this.#echoComm(request.message);
      case 'comm_close':
        this.#comms.delete(text(content, 'comm_id'));
        return undefined;
      case 'comm_info_request':
        return reply({
          comms: Object.fromEntries([...this.#comms].map(([id, target]) => [id, { target_name: target }])),
        });
      case 'debug_request':
        return this.#debug(request);
      case 'create_subshell_request': {
        const id = randomUUID();
        this.#queues.set(id, Promise.resolve());
        return reply({ subshell_id: id });
      }
      case 'delete_subshell_request':
        this.#queues.delete(text(content, 'subshell_id'));
        return reply();
      case 'list_subshell_request':
        return reply({ subshell_id: [...this.#queues.keys()].filter((id) => id !== '') });
      case 'complete_request': {
        const at = content['cursor_pos'];
        return reply({ matches: ['print', 'stream'], cursor_start: at, cursor_end: at, metadata: {} });
      }
      case 'inspect_request':
        return reply({ found: false, data: {}, metadata: {} });
      case 'is_complete_request':
        return reply({ status: 'complete' });
      case 'history_request':
        return reply({ history: [] });
      default:
        throw new Error(`the fake kernel does not know ${header.msg_type}`);
    }
  }

  async #execute(request: Request): Promise<void> {
    const { header, content } = request.message;
    const code = text(content, 'code');
    const interruption = this.#interruption.signal;
    if (content['silent'] !== true) this.#executionCount += 1;
    const count = this.#executionCount;
    this.#sockets.publish('execute_input', { code, execution_count: count }, header);
    try {
      for (const command of parseCommands(code)) {
        if (interruption.aborted) throw new KeyboardInterrupt();
        await this.#perform(command, request, interruption);
        if (this.#isEnding) return;
      }
      this.#sockets.reply(request, {
        status: 'ok',
        execution_count: count,
        user_expressions: {},
        payload: [],
      });
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const failure = {
        ename: error.name,
        evalue: error.message,
        traceback: [`${error.name}: ${error.message}`],
      };
      this.#sockets.publish('error', failure, header);
      if (content['stop_on_error'] !== false) this.#abortBefore = this.#received;
      this.#sockets.reply(request, { status: 'error', execution_count: count, ...failure });
    }
  }

  async #perform(command: Command, request: Request, interruption: AbortSignal): Promise<void> {
    const { header } = request.message;
    const print = (line: string) =>
      this.#sockets.publish('stream', { name: 'stdout', text: `${line}\n` }, header);
    switch (command.name) {
      case 'print':
        for (let index = 0; index < command.count; index++) print(String(index));
        return;
      case 'fast':
        return this.#sendFast(command.count, header);
      case 'stream':
        return print(command.text);
      case 'log':
        process.stderr.write(`${command.text}\n`);
        return;
      case 'display': {
        const data = { 'text/plain': 'x'.repeat(command.bytes) };
        return this.#sockets.publish('display_data', { data, metadata: {}, transient: {} }, header);
      }
      case 'echo': {
        const data = { 'text/plain': command.text };
        const result = { data, metadata: {}, execution_count: this.#executionCount };
        return this.#sockets.publish('execute_result', result, header);
      }
      case 'sleep':
        return orInterrupted(interruption, delay(command.ms, undefined, { signal: interruption }));
      case 'input': {
        if (request.message.content['allow_stdin'] !== true)
          throw new Error('this client answers no input_request');
        const answer = new Promise<string>((resolve) => this.#inputs.push(resolve));
        this.#sockets.askInput(request, command.prompt);
        return print(await orInterrupted(interruption, answer));
      }
      case 'raise':
        throw new RaisedError(command.text);
      case 'exit':
        return this.#finish({ by: 'exit', code: command.code }, 0);
      case 'crash':
        return this.#finish({ by: 'crash', signal: command.signal }, 0);
    }
  }

  async #sendFast(count: number, parent: MessageHeader): Promise<void> {
    const encoded: Buffer[][] = [];
    for (let index = 0; index < count; index++) {
      encoded.push(this.#sockets.encodeForIopub('stream', { name: 'stdout', text: `${index}\n` }, parent));
    }
    for (const [index, frames] of encoded.entries()) {
      this.#sockets.publishFrames(frames);
      // A PUB drops what a slow subscriber does not take; a test counts.
      if (index % 64 === 63) while (this.#sockets.bufferedIopubBytes > 1024 * 1024) await nextTurn();
    }
  }

  #takeInput({ header, content }: Message): void {
    if (header.msg_type !== 'input_reply')
      throw new Error(`the fake kernel does not know ${header.msg_type}`);
    const take = this.#inputs.shift();
    if (!take) throw new Error('an input_reply that nobody asked for');
    take(text(content, 'value'));
  }

  /** Sends back what came, buffers too. */
  #echoComm({ header, content, buffers }: Message): void {
    const echo = { comm_id: content['comm_id'], data: content['data'] ?? {} };
    this.#sockets.publish('comm_msg', echo, header, buffers);
  }

  #debug(request: Request): void {
    const { header, content } = request.message;
    const command = content['command'];
    this.#sockets.publish('debug_event', { type: 'event', event: 'fake', body: { command } }, header);
    this.#sockets.reply(request, {
      type: 'response',
      request_seq: content['seq'],
      success: true,
      command,
      body: content['arguments'] ?? {},
    });
  }

  async #finish(end: FakeKernelEnd, lingerMs: number): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    // A process of its own ends as it is: with its sockets open and what they hold unsent.
    if (end.by === 'exit' || end.by === 'crash') this.#options.onEnd?.(end);
    await this.#sockets.close(lingerMs);
    if (end.by === 'shutdown' || end.by === 'close') this.#options.onEnd?.(end);
    this.#end(end);
  }
}

class KeyboardInterrupt extends Error {
  override readonly name = 'KeyboardInterrupt';
}

class RaisedError extends Error {
  override readonly name = 'RaisedError';
}

async function orInterrupted<T>(interruption: AbortSignal, work: Promise<T>): Promise<T> {
  let interrupt = (): void => undefined;
  const interrupted = new Promise<never>((_resolve, reject) => {
    interrupt = () => reject(new KeyboardInterrupt());
    if (interruption.aborted) interrupt();
    interruption.addEventListener('abort', interrupt);
  });
  try {
    return await Promise.race([
      interrupted,
      work.catch((error: unknown) => {
        if (interruption.aborted) throw new KeyboardInterrupt();
        throw error;
      }),
    ]);
  } finally {
    interruption.removeEventListener('abort', interrupt);
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function text(content: Record<string, unknown>, key: string): string {
  const value = content[key];
  if (typeof value !== 'string') throw new TypeError(`${key} of a request is not a string`);
  return value;
}

function freshConnection(): ConnectionInfo {
  return {
    transport: 'tcp',
    ip: '127.0.0.1',
    shell_port: 0,
    iopub_port: 0,
    stdin_port: 0,
    control_port: 0,
    hb_port: 0,
    key: randomBytes(32).toString('hex'),
    signature_scheme: 'hmac-sha256',
  };
}

function kernelInfo(protocolVersion: string): Record<string, unknown> {
  return {
    protocol_version: protocolVersion,
    implementation: 'fake',
    implementation_version: '1.0',
    language_info: { name: 'fake', version: '1.0', mimetype: 'text/plain', file_extension: '.txt' },
    banner: 'A kernel for tests',
    debugger: true,
    supported_features: protocolVersion === '5.5' ? ['kernel subshells', 'debugger'] : ['debugger'],
    help_links: [],
  };
}
