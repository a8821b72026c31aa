import * as flag from './frame-flags.ts';
import { FrameAssembly } from './frame-assembly.ts';
import { ZmtpError } from './zmtp-error.ts';

export interface DecoderLimits {
  /** Of all frames of one message together. */
  readonly maxMessageBytes: number;
  /** Empty frames cost the peer two bytes and us an array's place, so their number is bounded by itself. */
  readonly maxMessageFrames: number;
  readonly maxCommandBytes: number;
}

// Below, a read is better spent on what comes after the frame as well.
const worthDirect = 16 * 1024;

const noBytes = Buffer.alloc(0);

/**
 * Turns a stream of bytes, cut anywhere, into messages and commands. After it has thrown it is of no further use.
 *
 * A frame that lies whole in a chunk is a view of that chunk: no copy, but who keeps a small frame keeps the
 * chunk (64 KiB from node:net). A frame that is spread over chunks is copied once, a large one in part or not at all (`missing`).
 */
export class FrameDecoder {
  /** Called for each command in its place in the stream; what it throws, `push` throws. */
  onCommand: (body: Buffer) => void = () => undefined;
  /** Whether message frames may come now: not before the handshake is over. */
  acceptsMessages = false;

  readonly #limits: DecoderLimits;
  readonly #header = Buffer.alloc(9);
  #headerFilled = 0;
  #assembly: FrameAssembly | undefined;
  #assemblyFlags = 0;
  #prefix: Buffer | undefined;
  #message: Buffer[] = [];
  #messageBytes = 0;
  #messages: Buffer[][] = [];

  constructor(limits: DecoderLimits) {
    this.#limits = limits;
  }

  /** From now on each message begins with this frame (a ROUTER's routing id). Only between messages. */
  setPrefix(prefix: Buffer): void {
    this.#prefix = prefix;
    this.#message = [prefix];
  }

  /** The messages completed so far; the caller owns them. */
  take(): Buffer[][] {
    const messages = this.#messages;
    this.#messages = [];
    return messages;
  }

  push(chunk: Buffer): void {
    let position = this.#finishSplitFrame(chunk);
    const end = chunk.length;
    while (position < end) {
      const flags = chunk[position]!;
      if (flags > 3) checkCommandFlags(flags);
      let bodyStart = position + 2;
      let size: number;
      if ((flags & flag.long) === 0) {
        if (bodyStart > end) break;
        size = chunk[position + 1]!;
      } else {
        bodyStart = position + 9;
        if (bodyStart > end) break;
        size = readLongSize(chunk, position + 1);
      }
      this.#check(flags, size);
      const bodyEnd = bodyStart + size;
      if (bodyEnd > end) {
        this.#assembly = new FrameAssembly(size);
        this.#assemblyFlags = flags;
        this.#assembly.add(chunk, bodyStart);
        return;
      }
      this.#frame(flags, size === 0 ? noBytes : chunk.subarray(bodyStart, bodyEnd));
      position = bodyEnd;
    }
    if (position < end) this.#headerFilled = chunk.copy(this.#header, 0, position);
  }

  /**
   * In the middle of a large frame: where its missing bytes may be read to, so that they need no copy. Whoever has
   * written some there says so by `advance`; `push` remains possible instead.
   */
  get missing(): Buffer | undefined {
    const missing = this.#assembly?.missing();
    return missing !== undefined && missing.length >= worthDirect ? missing : undefined;
  }

  advance(bytes: number): void {
    if (this.#assembly === undefined) throw new RangeError('no frame has missing bytes');
    this.#assembly.advance(bytes);
    this.#finishAssembly(this.#assembly);
  }

  /** Completes the header or body that the chunks before had begun; returns where whole frames begin. */
  #finishSplitFrame(chunk: Buffer): number {
    let position = 0;
    if (this.#headerFilled > 0) {
      const headerSize = ((this.#header[0] ?? 0) & flag.long) === 0 ? 2 : 9;
      position = chunk.copy(this.#header, this.#headerFilled, 0, headerSize - this.#headerFilled);
      this.#headerFilled += position;
      if (this.#headerFilled < headerSize) return position;
      this.#headerFilled = 0;
      const flags = this.#header[0] ?? 0;
      const size = headerSize === 2 ? (this.#header[1] ?? 0) : readLongSize(this.#header, 1);
      this.#check(flags, size);
      if (position + size <= chunk.length) {
        this.#frame(flags, size === 0 ? noBytes : chunk.subarray(position, position + size));
        return position + size;
      }
      this.#assembly = new FrameAssembly(size);
      this.#assemblyFlags = flags;
    }
    if (this.#assembly === undefined) return position;
    position += this.#assembly.add(chunk, position);
    this.#finishAssembly(this.#assembly);
    return position;
  }

  #finishAssembly(assembly: FrameAssembly): void {
    const frame = assembly.finished();
    if (frame === undefined) return;
    this.#assembly = undefined;
    this.#frame(this.#assemblyFlags, frame);
  }

  #check(flags: number, size: number): void {
    if (flags > 3) {
      if ((flags & flag.reserved) !== 0)
        throw new ZmtpError('ZMTP_PROTOCOL', 'reserved bits are set in a frame');
      if ((flags & flag.more) !== 0) throw new ZmtpError('ZMTP_PROTOCOL', 'a command of more than one frame');
      if (size > this.#limits.maxCommandBytes) {
        throw new ZmtpError(
          'ZMTP_TOO_LARGE',
          `a command of ${size} bytes, over ${this.#limits.maxCommandBytes}`,
        );
      }
      return;
    }
    if (!this.acceptsMessages)
      throw new ZmtpError('ZMTP_PROTOCOL', 'a message before the handshake was over');
    this.#messageBytes += size;
    if (this.#messageBytes > this.#limits.maxMessageBytes) {
      throw new ZmtpError('ZMTP_TOO_LARGE', `a message over ${this.#limits.maxMessageBytes} bytes`);
    }
    if (this.#message.length >= this.#limits.maxMessageFrames) {
      throw new ZmtpError('ZMTP_TOO_LARGE', `a message of more than ${this.#limits.maxMessageFrames} frames`);
    }
  }

  #frame(flags: number, body: Buffer): void {
    // A command may stand between the frames of a message: libzmq sends its PING so.
    if ((flags & flag.command) !== 0) {
      this.onCommand(body);
      return;
    }
    this.#message.push(body);
    if ((flags & flag.more) !== 0) return;
    this.#messages.push(this.#message);
    this.#message = this.#prefix === undefined ? [] : [this.#prefix];
    this.#messageBytes = 0;
  }
}

/** Before the size is there, so that garbage is not waited for. */
function checkCommandFlags(flags: number): void {
  if ((flags & flag.reserved) !== 0) throw new ZmtpError('ZMTP_PROTOCOL', 'reserved bits are set in a frame');
  if ((flags & flag.more) !== 0) throw new ZmtpError('ZMTP_PROTOCOL', 'a command of more than one frame');
}

function readLongSize(bytes: Buffer, offset: number): number {
  // Past 2^53 it loses precision, and is far over any limit all the same.
  return bytes.readUInt32BE(offset) * 2 ** 32 + bytes.readUInt32BE(offset + 4);
}
