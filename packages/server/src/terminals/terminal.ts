import type { RawData, WebSocket } from 'ws';
import { ServerError } from '../errors.ts';
import type { Pty } from './pty.ts';
import { Replay } from './replay.ts';
import { parseTerminalMessage, smallestSize, type TerminalSize } from './terminal-message.ts';

export interface TerminalLimits {
  readonly replayBytes: number;
  /** Output that may wait for one client. */
  readonly bufferBytes: number;
  readonly slowClientTimeoutMs: number;
}

/** What a DELETE tries, one after the other, as terminado does. */
const politeSignals: readonly NodeJS.Signals[] = ['SIGHUP', 'SIGCONT', 'SIGINT', 'SIGTERM'];
const signalPauseMs = 100;
const killTimeoutMs = 5000;

interface Client {
  size: TerminalSize | undefined;
  /** Runs while the client is behind and others are not. */
  patience: NodeJS.Timeout | undefined;
}

/** A program in a pseudoterminal, and the browsers that look at it. */
export class Terminal {
  readonly name: string;
  /** Whose it is. */
  readonly owner: string;
  readonly exited: Promise<void>;
  readonly #pty: Pty;
  readonly #limits: TerminalLimits;
  readonly #replay: Replay;
  readonly #clients = new Map<WebSocket, Client>();
  #lastActivity = new Date();
  #hasExited = false;
  #isPaused = false;

  constructor({ name, owner }: { name: string; owner: string }, pty: Pty, limits: TerminalLimits) {
    this.name = name;
    this.owner = owner;
    this.#pty = pty;
    this.#limits = limits;
    this.#replay = new Replay(limits.replayBytes);
    this.exited = new Promise((resolve) => {
      pty.onExit(() => {
        this.#hasExited = true;
        this.#disconnect();
        resolve();
      });
    });
    pty.onData((text) => this.#output(text));
  }

  get lastActivity(): Date {
    return this.#lastActivity;
  }

  /** Shows the terminal to one more client, from its last output on. */
  attach(socket: WebSocket): void {
    if (socket.readyState !== socket.OPEN) return;
    socket.send('["setup", {}]');
    const replay = this.#replay.toString();
    if (replay !== '') socket.send(JSON.stringify(['stdout', replay]));
    if (this.#hasExited) return this.#sayGoodbye(socket);

    this.#clients.set(socket, { size: undefined, patience: undefined });
    socket.on('message', (data) => this.#input(socket, textOf(data)));
    socket.once('close', () => this.#detach(socket));
  }

  /** Ends the program: first politely, at last by force. Resolves when it is gone. */
  async terminate(): Promise<void> {
    // A program that waits for its output to be read would not see the signal as its end.
    this.#resume();
    for (const signal of politeSignals) {
      this.#pty.kill(signal);
      if (await this.#exitsWithin(signalPauseMs)) return;
    }
    this.#pty.kill('SIGKILL');
    if (await this.#exitsWithin(killTimeoutMs)) return;
    throw new ServerError(
      'UNAVAILABLE',
      `Terminal ${this.name} does not end: its program waits for a device`,
    );
  }

  #output(text: string): void {
    this.#lastActivity = new Date();
    this.#replay.push(text);
    // One frame for all.
    const frame = Buffer.from(JSON.stringify(['stdout', text]));
    for (const [socket, client] of this.#clients) {
      socket.send(frame, { binary: false }, () => this.#caughtUp(socket, client));
    }
    this.#holdIfBehind();
  }

  #input(socket: WebSocket, frame: string): void {
    const message = parseTerminalMessage(frame);
    if (message === undefined) {
      socket.close(1007, 'Not a message of a terminal');
      return;
    }
    this.#lastActivity = new Date();
    if (message.type === 'setSize') {
      const client = this.#clients.get(socket);
      if (client !== undefined) client.size = message.size;
      this.#fit();
    } else if (message.type === 'stdin') {
      this.#pty.write(message.text);
      if (this.#pty.pendingInput > this.#limits.bufferBytes) this.#waitForInput(socket);
    }
  }

  /** A program that reads nothing must not make the server keep what is typed or pasted without end. */
  #waitForInput(socket: WebSocket): void {
    socket.pause();
    const timer = setInterval(() => {
      if (this.#pty.pendingInput > this.#limits.bufferBytes / 2 && !this.#hasExited) return;
      clearInterval(timer);
      socket.resume();
    }, 50);
    socket.once('close', () => clearInterval(timer));
  }

  #detach(socket: WebSocket): void {
    clearTimeout(this.#clients.get(socket)?.patience);
    this.#clients.delete(socket);
    this.#fit();
    this.#resumeIfRead();
  }

  #fit(): void {
    const size = smallestSize([...this.#clients.values()].map((client) => client.size));
    if (size !== undefined) this.#pty.resize(size.cols, size.rows);
  }

  /** The program waits while a client is too far behind: output is neither dropped nor kept without bound. */
  #holdIfBehind(): void {
    const behind = [...this.#clients].filter(([socket]) => socket.bufferedAmount > this.#limits.bufferBytes);
    if (behind.length === 0) return;
    this.#isPaused = true;
    this.#pty.pause();
    for (const [socket, client] of behind) {
      client.patience ??= setTimeout(() => this.#giveUp(socket, client), this.#limits.slowClientTimeoutMs);
    }
  }

  /** One that nobody else waits for may take its time: it is likely a program that prints without end. */
  #giveUp(socket: WebSocket, client: Client): void {
    client.patience = undefined;
    if (this.#clients.size === 1) return;
    socket.close(1013, 'Output was not read fast enough');
    this.#detach(socket);
  }

  #caughtUp(socket: WebSocket, client: Client): void {
    if (socket.bufferedAmount > this.#limits.bufferBytes / 2) return;
    clearTimeout(client.patience);
    client.patience = undefined;
    this.#resumeIfRead();
  }

  #resumeIfRead(): void {
    if (!this.#isPaused) return;
    const low = this.#limits.bufferBytes / 2;
    if ([...this.#clients.keys()].every((socket) => socket.bufferedAmount <= low)) this.#resume();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#pty.resume();
  }

  #disconnect(): void {
    for (const [socket, client] of this.#clients) {
      clearTimeout(client.patience);
      this.#sayGoodbye(socket);
    }
    this.#clients.clear();
  }

  #sayGoodbye(socket: WebSocket): void {
    socket.send('["disconnect", 1]');
    // 1000: the client does not try again.
    socket.close(1000, 'The terminal has ended');
  }

  async #exitsWithin(ms: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<boolean>((resolve) => (timer = setTimeout(resolve, ms, false)));
    const isGone = await Promise.race([this.exited.then(() => true), timeout]);
    clearTimeout(timer);
    return isGone;
  }
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString();
  return data instanceof ArrayBuffer ? Buffer.from(data).toString() : data.toString();
}
