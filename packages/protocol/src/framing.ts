import { decodeDefault, defaultFrame, type DefaultFrame } from './default-framing.ts';
import type { RawMessage } from './message.ts';
import { decodeV1, v1Size, writeV1 } from './v1-framing.ts';
import { frameHeaderSize, opcodes, writeFrameHeader } from './websocket-frame.ts';

/**
 * How messages stand in a kernel's WebSocket. `numbered` is our own: a little-endian 64-bit sequence number, then the v1
 * frame (to the client; from the client as v1).
 */
export type Framing = 'v1' | 'default' | 'numbered';

export const subprotocols = {
  v1: 'v1.kernel.websocket.jupyter.org',
  numbered: 'v1.kernel.websocket.perijove.dev',
} as const;

/** The framing for what a client offered; without one that we know it is the default. Ours comes first: who offers it wants it. */
export function chooseFraming(offered: readonly string[]): { framing: Framing; subprotocol?: string } {
  for (const framing of ['numbered', 'v1'] as const) {
    if (offered.includes(subprotocols[framing])) return { framing, subprotocol: subprotocols[framing] };
  }
  return { framing: 'default' };
}

/** A message of a client. Throws PROTOCOL_MALFORMED_FRAME. */
export function decodeClientFrame(framing: Framing, bytes: Buffer, isBinary: boolean): RawMessage {
  return framing === 'default' ? decodeDefault(bytes, isBinary) : decodeV1(bytes);
}

/**
 * The messages as WebSocket frames, header included, one after another in one buffer: what every client of that framing is
 * sent, byte for byte. `numberOf` gives the sequence number of each, for the framing that tells it.
 */
export function encodeFrames(
  framing: Framing,
  messages: readonly RawMessage[],
  numberOf: (index: number) => number,
): Buffer {
  switch (framing) {
    case 'v1':
      return encodeV1Frames(messages);
    case 'numbered':
      return encodeNumberedFrames(messages, numberOf);
    case 'default':
      return encodeDefaultFrames(messages);
  }
}

function encodeV1Frames(messages: readonly RawMessage[]): Buffer {
  let total = 0;
  for (const message of messages) {
    const size = v1Size(message);
    total += frameHeaderSize(size) + size;
  }
  const bytes = Buffer.allocUnsafe(total);
  let at = 0;
  for (const message of messages) {
    at = writeFrameHeader(bytes, at, opcodes.binary, v1Size(message));
    at = writeV1(message, bytes, at);
  }
  return bytes;
}

function encodeNumberedFrames(messages: readonly RawMessage[], numberOf: (index: number) => number): Buffer {
  let total = 0;
  for (const message of messages) {
    const size = 8 + v1Size(message);
    total += frameHeaderSize(size) + size;
  }
  const bytes = Buffer.allocUnsafe(total);
  let at = 0;
  messages.forEach((message, index) => {
    at = writeFrameHeader(bytes, at, opcodes.binary, 8 + v1Size(message));
    const number = numberOf(index);
    bytes.writeUInt32LE(number >>> 0, at);
    bytes.writeUInt32LE(Math.floor(number / 2 ** 32), at + 4);
    at = writeV1(message, bytes, at + 8);
  });
  return bytes;
}

function encodeDefaultFrames(messages: readonly RawMessage[]): Buffer {
  const frames: DefaultFrame[] = [];
  let total = 0;
  for (const message of messages) {
    const frame = defaultFrame(message);
    frames.push(frame);
    total += frameHeaderSize(frame.size) + frame.size;
  }
  const bytes = Buffer.allocUnsafe(total);
  let at = 0;
  for (const { isBinary, size, pieces } of frames) {
    at = writeFrameHeader(bytes, at, isBinary ? opcodes.binary : opcodes.text, size);
    for (const piece of pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
  }
  return bytes;
}
