import { randomBytes } from 'node:crypto';
import {
  peekHeader,
  peekString,
  type Channel,
  type ExecutionState,
  type Framing,
  type HeaderPeek,
  type Message,
  type RawMessage,
} from '@perijove/protocol';
import { KernelError } from '../kernel-error.ts';
import type { Log } from '../log.ts';
import { ActivityTracker } from './activity-tracker.ts';
import { ChannelNotices } from './channel-notices.ts';
import { Client, type ClientHost } from './client.ts';
import { readClientMessage } from './client-message.ts';
import type { ClientSocket } from './client-socket.ts';
import { Delivery } from './delivery.ts';
import { FanOut } from './fan-out.ts';
import type { Journal } from './journal.ts';
import { KernelHandshake } from './kernel-handshake.ts';
import type { KernelInfo } from './kernel-info.ts';
import { KeptMarks } from './kept-marks.ts';
import type { KernelConnection, KernelLink } from './kernel-link.ts';
import type { ChannelLimits } from './limits.ts';
import { MessageQueue } from './message-queue.ts';
import { openLink } from './open-link.ts';
import { OutstandingRequests } from './outstanding-requests.ts';
import { PendingInputs, type PendingInput } from './pending-inputs.ts';
import { serverMessage } from './server-message.ts';
import { recentIds } from './recent-ids.ts';
import { ServerRequests } from './server-requests.ts';

export interface ChannelsOptions {
  readonly kernelId: string;
  readonly journal: Journal;
  readonly log: Log;
  readonly limits: ChannelLimits;
  readonly now: () => number;
}

export type AnnouncedState = 'starting' | 'restarting' | 'autorestarting' | 'dead';

export interface Activity {
  /** Milliseconds since the epoch. */
  readonly lastActivity: number;
  readonly executionState: ExecutionState;
  readonly connections: number;
}

export interface AttachOptions {
  /** The client's own id, by which it is known again. */
  readonly sessionId: string;
  readonly framing: Framing;
  readonly socket: ClientSocket;
  /** The last number that the client saw: it gets what came after. */
  readonly after?: number;
  /** It is a server that has clients of its own: see `ClientOptions`. */
  readonly isRelay?: boolean;
}

/** One kernel's messages: one link to it, any number of clients. Outlives the kernel's restarts. */
export class KernelChannels {
  /** What `activity` says has changed. */
  onActivity: (() => void) | undefined;
  readonly #options: ChannelsOptions;
  readonly #journal: Journal;
  readonly #limits: ChannelLimits;
  readonly #log: Log;
  readonly #session = `perijove-${randomBytes(8).toString('hex')}`;
  readonly #clients = new Map<string, Client>();
  readonly #outstanding: OutstandingRequests;
  readonly #requests = new ServerRequests();
  readonly #inputs = new PendingInputs();
  readonly #fanOut = new FanOut();
  readonly #marks = new KeptMarks();
  readonly #notices: ChannelNotices;
  readonly #queue: MessageQueue;
  readonly #activity: ActivityTracker;
  readonly #host: ClientHost = {
    fromClient: (client, bytes, isBinary) => this.#fromClient(client, bytes, isBinary),
    left: (client) => this.#left(client),
    lostMessages: (from, to, following) => {
      this.#log.warn({ from, to }, 'a client has lost messages that the journal did not hold any more');
      return this.#notices.lost(from, to, following);
    },
  };
  #kernel: { readonly link: KernelLink; readonly handshake: KernelHandshake; isUp: boolean } | undefined;
  #info: KernelInfo | undefined;
  #infoWaiters: ((info: KernelInfo) => void)[] = [];
  #asked = 0;
  /** Since when messages may have been lost that nobody received; told with the first that comes. */
  #awaySince: number | undefined;
  #isPaused = false;

  constructor(options: ChannelsOptions) {
    this.#options = options;
    this.#journal = options.journal;
    this.#awaySince = options.journal.leftAt;
    this.#notices = new ChannelNotices(options.journal, this.#session);
    this.#limits = options.limits;
    this.#log = options.log;
    this.#outstanding = new OutstandingRequests(options.limits.outstandingRequests);
    this.#queue = new MessageQueue(options.limits);
    this.#activity = new ActivityTracker(options.now());
  }

  get activity(): Activity {
    const { lastActivity, executionState } = this.#activity;
    return { lastActivity, executionState, connections: this.#clients.size };
  }

  /** First launch, restart, adoption: opens one link. What clients sent goes out once the kernel has answered. */
  connect(connection: KernelConnection): void {
    this.disconnect();
    const link = openLink(connection, {
      // The same for a successor of this server: the kernel then sends it the replies to what was asked before.
      identity: `perijove-${this.#options.kernelId}`,
      log: this.#log,
      limits: this.#limits,
      onMessages: (channel, messages) => this.#fromKernel(channel, messages),
      whenKept: (then) => this.#marks.add(this.#journal.next, this.#journal.end, then),
      recentIds: () => recentIds(this.#journal, recentMessages),
    });
    const handshake = new KernelHandshake({
      log: this.#log,
      iopubConfirmMs: this.#limits.iopubConfirmMs,
      ask: (channel) => this.#askInfo(channel),
      done: () => this.#up(),
    });
    this.#kernel = { link, handshake, isUp: false };
    handshake.start();
  }

  /** What an earlier server knew of this kernel, before `connect`. */
  restore({ lastActivity, executionState }: Omit<Activity, 'connections'>): void {
    this.#activity.restore(lastActivity, executionState);
  }

  /** Resolves at the first kernel_info_reply since `connect`; rejects with KERNEL_NO_REPLY when aborted. */
  ready(signal: AbortSignal): Promise<KernelInfo> {
    if (this.#info !== undefined) return Promise.resolve(this.#info);
    return new Promise((resolve, reject) => {
      const answered = (info: KernelInfo): void => {
        signal.removeEventListener('abort', aborted);
        resolve(info);
      };
      const aborted = (): void => {
        this.#infoWaiters = this.#infoWaiters.filter((waiter) => waiter !== answered);
        reject(
          new KernelError('KERNEL_NO_REPLY', 'the kernel did not answer kernel_info', {
            cause: signal.reason,
          }),
        );
      };
      this.#infoWaiters.push(answered);
      if (signal.aborted) aborted();
      else signal.addEventListener('abort', aborted, { once: true });
    });
  }

  /** Closes the link to the kernel; clients stay, and what they send waits for the next `connect`. */
  disconnect(): void {
    const kernel = this.#kernel;
    this.#info = undefined;
    if (kernel === undefined) return;
    this.#kernel = undefined;
    kernel.handshake.stop();
    kernel.link.close();
    this.#marks.clear();
    this.#requests.rejectAll('the link to it was closed');
    this.#outstanding.clear();
    this.#inputs.clear();
    this.#isPaused = false;
  }

  /** Asks the kernel. Rejects with KERNEL_NO_REPLY when aborted or disconnected, with KERNEL_DEAD if it is not connected. */
  request(
    channel: 'shell' | 'control',
    msgType: string,
    content: object,
    options: { signal: AbortSignal },
  ): Promise<Message> {
    if (this.#kernel === undefined) {
      return Promise.reject(new KernelError('KERNEL_DEAD', 'the kernel is not connected'));
    }
    const msgId = `${this.#session}_${++this.#asked}`;
    const reply = this.#requests.reply(msgId, msgType, options.signal);
    if (!options.signal.aborted) {
      this.#kernel.link.send(serverMessage({ channel, msgType, content, session: this.#session, msgId }));
    }
    return reply;
  }

  /** Tells all clients by an iopub status. A restart that was asked for drops what still waits for the kernel. */
  announce(state: AnnouncedState): void {
    if (state === 'restarting') this.#queue.takeAll();
    this.#activity.announce(state, this.#options.now());
    this.#publish([this.#notices.status(state)]);
    this.onActivity?.();
  }

  /** A client has connected. Whoever has the same session is closed: it is the same client, on a socket that is stale. */
  attach(options: AttachOptions): Client {
    const { sessionId, framing, after } = options;
    const stale = this.#clients.get(sessionId);
    // What was written to a socket that is stale may never have arrived.
    stale?.closed(false);
    stale?.socket.close(1000, 'this session has connected again');
    const { sessions, end } = this.#journal;
    const begin = after === undefined ? sessions.nextFor(sessionId) : after + 1;
    const client = new Client({
      sessionId,
      framing,
      socket: options.socket,
      host: this.#host,
      journal: this.#journal,
      bufferLimit: this.#limits.clientBufferBytes,
      cursor: Math.min(begin ?? end, end),
      isRelay: options.isRelay ?? false,
    });
    this.#clients.set(sessionId, client);
    sessions.connected(sessionId);
    if (framing === 'numbered') client.send(this.#notices.journal());
    if (begin === undefined) this.#tellStateTo(client);
    client.catchUp();
    this.#passInputsOn(client);
    this.onActivity?.();
    return client;
  }

  /** A page that is opened while a cell runs has not seen the status that said so. */
  #tellStateTo(client: Client): void {
    const { executionState } = this.#activity;
    if (executionState === 'busy' || executionState === 'starting')
      client.send(this.#notices.status(executionState));
  }

  closeClients(code: number, reason: string): void {
    for (const client of this.#clients.values()) {
      this.#close(client, code, reason);
    }
  }

  /** The kernel lives on, for all this knows. */
  async dispose(): Promise<void> {
    this.disconnect();
    this.closeClients(1012, 'the server stops');
    await this.#journal.close();
  }

  #askInfo(channel: 'shell' | 'control'): void {
    const msgId = `${this.#session}${infoMark}${++this.#asked}`;
    this.#kernel?.link.send(
      serverMessage({ channel, msgType: 'kernel_info_request', content: {}, session: this.#session, msgId }),
    );
  }

  #up(): void {
    const kernel = this.#kernel;
    if (kernel === undefined) return;
    kernel.isUp = true;
    for (const message of this.#queue.takeAll()) kernel.link.send(message);
  }

  #fromKernel(channel: Channel, messages: RawMessage[]): void {
    if (channel === 'iopub') this.#fromIopub(messages);
    else this.#fromDealer(channel, messages);
  }

  #fromIopub(messages: RawMessage[]): void {
    const now = this.#options.now();
    let hasChanged = false;
    let hidden = 0;
    const shown = messages.filter((message) => {
      const msgType = peekString(message.header, 'msg_type');
      hasChanged = this.#activity.see(message, msgType, now) || hasChanged;
      if (this.#isHidden(message, msgType)) hidden++;
      else return true;
      return false;
    });
    if (this.#awaySince !== undefined) {
      const since = this.#awaySince;
      this.#awaySince = undefined;
      this.#publish([this.#notices.away(since, now)]);
    }
    if (shown.length > 0) this.#publish(hidden === 0 ? messages : shown);
    this.#kernel?.handshake.sawIopub();
    if (hasChanged) this.onActivity?.();
  }

  /** What only the server's own questions led to. */
  #isHidden(message: RawMessage, msgType: string): boolean {
    if (msgType === 'iopub_welcome') return true;
    if (msgType !== 'status') return false;
    this.#notices.session = peekString(message.header, 'session') || this.#session;
    return peekString(message.parentHeader, 'msg_id').startsWith(this.#session + infoMark);
  }

  #fromDealer(channel: Channel, messages: RawMessage[]): void {
    const shown: RawMessage[] = [];
    const targets: (string | undefined)[] = [];
    const inputs: PendingInput[] = [];
    for (const message of messages) {
      const parent = peekHeader(message.parentHeader);
      const parentId = parent?.msgId ?? '';
      if (parent !== undefined && this.#takeOwn(parentId, message)) continue;
      const target = this.#targetOf(parent);
      shown.push(message);
      targets.push(target);
      if (channel === 'stdin') inputs.push({ message, session: target });
      else {
        this.#outstanding.remove(parentId);
        this.#inputs.ended(parentId);
      }
    }
    if (shown.length > 0) this.#publish(shown, targets);
    for (const input of inputs) this.#askForInput(input);
  }

  /** Replies to what the server itself asked. */
  #takeOwn(parentId: string, message: RawMessage): boolean {
    if (!parentId.startsWith(this.#session)) return false;
    if (parentId.startsWith(this.#session + infoMark)) this.#gotInfo(message);
    else this.#requests.take(parentId, message);
    return true;
  }

  #gotInfo(message: RawMessage): void {
    if (this.#info === undefined) {
      try {
        this.#info = JSON.parse(message.content.toString('utf8')) as KernelInfo;
      } catch (error) {
        this.#log.warn({ err: error }, 'a kernel_info_reply that is not JSON');
        return;
      }
      const waiters = this.#infoWaiters;
      this.#infoWaiters = [];
      for (const waiter of waiters) waiter(this.#info);
    }
    if (message.channel === 'shell' && this.#activity.shellAnswered(this.#options.now())) this.onActivity?.();
    this.#kernel?.handshake.sawReply();
  }

  /** Whom a reply or a request for input is for. Undefined, all, for what nobody here is known to have asked. */
  #targetOf(parent: HeaderPeek | undefined): string | undefined {
    if (parent === undefined) return undefined;
    return (
      this.#outstanding.sessionOf(parent.msgId) ??
      (this.#clients.has(parent.session) ? parent.session : undefined)
    );
  }

  #publish(messages: readonly RawMessage[], targets?: readonly (string | undefined)[]): void {
    this.#journal.append(messages, targets, (batch) => {
      this.#marks.reached(this.#journal.end);
      const delivery = new Delivery(batch, messages);
      const concerned = this.#clients.size > manyClients ? this.#concernedBy(messages, targets) : undefined;
      this.#fanOut.publish(delivery, this.#clients.values(), this.#clients.size, (client) => {
        return concerned?.has(client.sessionId) ?? false;
      });
      if (this.#isPaused && this.#journal.pendingBytes < maxPendingBytes / 2) this.#pause(false);
    });
    if (!this.#isPaused && this.#journal.pendingBytes > maxPendingBytes) this.#pause(true);
  }

  /** Sessions that wait for these messages: whose they are, or who asked for what is published first. */
  #concernedBy(
    messages: readonly RawMessage[],
    targets: readonly (string | undefined)[] | undefined,
  ): ReadonlySet<string | undefined> {
    if (targets !== undefined) return new Set(targets);
    return new Set([this.#outstanding.sessionOf(peekString(messages[0]!.parentHeader, 'msg_id'))]);
  }

  /** A disk that cannot keep up: the one thing for which a kernel is made to wait, since memory is bounded. */
  #pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (isPaused) this.#kernel?.link.pause();
    else this.#kernel?.link.resume();
  }

  #askForInput(input: PendingInput): void {
    const msgId = peekString(input.message.header, 'msg_id');
    this.#inputs.add(msgId, peekString(input.message.parentHeader, 'msg_id'), input);
    if (input.session === undefined || this.#clients.has(input.session)) return;
    // Whoever ran this is away; whoever is here may answer.
    for (const client of this.#clients.values()) client.send(input.message);
  }

  /** What waits for an answer of somebody who is away is asked of whoever comes. */
  #passInputsOn(client: Client): void {
    for (const { message, session } of this.#inputs.all()) {
      if (session !== undefined && !this.#clients.has(session)) client.send(message);
    }
  }

  #fromClient(client: Client, bytes: Buffer, isBinary: boolean): void {
    const read = readClientMessage(client.framing, bytes, isBinary);
    if ('closeCode' in read) {
      this.#log.warn(
        { session: client.sessionId, reason: read.reason },
        'closed a client that broke the protocol',
      );
      this.#close(client, read.closeCode, read.reason);
      return;
    }
    const { message, header } = read;
    const { allowedMessageTypes } = this.#limits;
    if (allowedMessageTypes.length > 0 && !allowedMessageTypes.includes(header.msgType)) {
      this.#log.warn(
        { session: client.sessionId, msgType: header.msgType },
        'dropped a message of a type that is not allowed',
      );
      return;
    }
    if (message.channel === 'stdin') this.#inputs.answered(peekHeader(message.parentHeader));
    else this.#outstanding.add(header.msgId, client.sessionId);
    const kernel = this.#kernel;
    // Interrupts and the debugger do not wait for what waits on shell.
    const isReached = kernel !== undefined && (kernel.isUp || message.channel === 'control');
    if (!(isReached ? kernel.link.send(message) : this.#queue.add(message))) {
      this.#outstanding.remove(header.msgId);
      for (const answer of this.#notices.queueFull(message, header, this.#queue.length)) client.send(answer);
    }
  }

  #close(client: Client, code: number, reason: string): void {
    client.closed(true);
    client.socket.close(code, reason);
  }

  #left(client: Client): void {
    if (this.#clients.get(client.sessionId) === client) this.#clients.delete(client.sessionId);
    this.#journal.sessions.left(client.sessionId, client.seen);
    this.onActivity?.();
  }
}

/** Only among many does it matter whom to serve first. */
const manyClients = 16;

const maxPendingBytes = 64 * 2 ** 20;

// More than a kernel says between two of the questions by which a gateway learns what was kept here.
const recentMessages = 16_384;

// In the ids of the kernel_info_requests of the handshake, by which their traffic is known and hidden from clients.
const infoMark = '_info_';
