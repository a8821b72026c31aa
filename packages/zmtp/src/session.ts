// One connection's protocol without its socket: bytes in, what is to be done out.
import { decodeCommand, encodeError, refused, type Command } from './command.ts';
import { FrameDecoder, type DecoderLimits } from './frame-decoder.ts';
import { encodeCommandFrame } from './frame-encoder.ts';
import { checkGreetingStart, decodeGreeting, encodeGreeting, greetingSize } from './greeting.ts';
import type { Mechanism } from './mechanism.ts';
import type { Properties } from './properties.ts';
import { mayTalk, type SocketType } from './socket-type.ts';
import { ZmtpError } from './zmtp-error.ts';

export interface PeerIdentity {
  readonly socketType: string;
  /** As the peer told it; empty if it did not. */
  readonly routingId: Buffer;
  /** Of ZMTP 3: below 1, subscriptions are messages and there is no PING. */
  readonly minor: number;
}

export interface SessionConfig {
  readonly socketType: SocketType;
  readonly mechanism: Mechanism;
  readonly limits: DecoderLimits;
  /** Asked once the peer is known: a frame to begin each of its messages with. */
  readonly prefixFor?: (peer: PeerIdentity) => Buffer;
}

/** What one chunk of bytes led to, in this order. */
export interface SessionStep {
  readonly send: Buffer[];
  ready: PeerIdentity | undefined;
  /** After the handshake; never an ERROR, which is in `error`. */
  readonly commands: Command[];
  messages: Buffer[][];
  /** The connection is over; what came whole before the offending bytes is in `messages`. */
  error: ZmtpError | undefined;
}

const maxRoutingId = 255;

export class Session {
  readonly #config: SessionConfig;
  readonly #decoder: FrameDecoder;
  #greeting: Buffer | undefined = Buffer.alloc(0);
  #minor = 0;
  #step: SessionStep = emptyStep();

  constructor(config: SessionConfig) {
    this.#config = config;
    this.#decoder = new FrameDecoder(config.limits);
    this.#decoder.onCommand = (body) => this.#handshake(body);
  }

  /** The first bytes to send. */
  greeting(): Buffer {
    return encodeGreeting(this.#config.mechanism.name, this.#config.mechanism.asServer);
  }

  push(chunk: Buffer): SessionStep {
    return this.#run(() => {
      const rest = this.#greeting === undefined ? chunk : this.#greet(this.#greeting, chunk);
      if (rest.length > 0) this.#decoder.push(rest);
    });
  }

  /** Where the next bytes may be read to rather than be pushed; see FrameDecoder. */
  get missing(): Buffer | undefined {
    return this.#decoder.missing;
  }

  advance(bytes: number): SessionStep {
    return this.#run(() => this.#decoder.advance(bytes));
  }

  #run(decode: () => void): SessionStep {
    const step = emptyStep();
    this.#step = step;
    try {
      decode();
    } catch (error) {
      if (!(error instanceof ZmtpError)) throw error;
      step.error = error;
    }
    step.messages = this.#decoder.take();
    return step;
  }

  #greet(start: Buffer, chunk: Buffer): Buffer {
    const missing = greetingSize - start.length;
    const greeting = Buffer.concat([start, chunk.subarray(0, missing)]);
    checkGreetingStart(greeting);
    if (greeting.length < greetingSize) {
      this.#greeting = greeting;
      return chunk.subarray(chunk.length);
    }
    const { mechanism, minor } = decodeGreeting(greeting);
    const own = this.#config.mechanism;
    if (mechanism !== own.name) {
      throw new ZmtpError('ZMTP_MECHANISM', `the peer's security mechanism is not ${own.name}`);
    }
    this.#greeting = undefined;
    this.#minor = minor;
    this.#sendCommands(own.start());
    return chunk.subarray(missing);
  }

  #handshake(body: Buffer): void {
    const { send, peer } = this.#config.mechanism.receive(body);
    this.#sendCommands(send);
    if (peer === undefined) return;
    const identity = this.#identify(peer);
    if (this.#config.prefixFor !== undefined) this.#decoder.setPrefix(this.#config.prefixFor(identity));
    this.#step.ready = identity;
    this.#decoder.acceptsMessages = true;
    this.#decoder.onCommand = (traffic) => this.#command(traffic);
  }

  #command(body: Buffer): void {
    const command = decodeCommand(body);
    if (command.name === 'ERROR') throw refused(command.data);
    this.#step.commands.push(command);
  }

  #identify(properties: Properties): PeerIdentity {
    const own = this.#config.socketType;
    const socketType = properties.get('socket-type')?.toString('latin1') ?? '';
    if (!mayTalk(own, socketType)) {
      this.#sendCommands([encodeError('Incompatible socket type')]);
      throw new ZmtpError('ZMTP_INCOMPATIBLE_SOCKET', `a ${own} cannot talk to a peer of that socket type`);
    }
    const routingId = properties.get('identity') ?? Buffer.alloc(0);
    if (routingId.length > maxRoutingId)
      throw new ZmtpError('ZMTP_PROTOCOL', 'an identity of more than 255 bytes');
    // A view would keep the whole chunk for as long as the connection lives.
    return { socketType, routingId: Buffer.from(routingId), minor: this.#minor };
  }

  #sendCommands(bodies: readonly Buffer[]): void {
    for (const body of bodies) this.#step.send.push(encodeCommandFrame(body));
  }
}

function emptyStep(): SessionStep {
  return { send: [], ready: undefined, commands: [], messages: [], error: undefined };
}
