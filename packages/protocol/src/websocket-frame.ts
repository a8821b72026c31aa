// RFC 6455 §5.2, server to client: never masked, so that one encoded frame serves all clients.

export const opcodes = { text: 1, binary: 2 } as const;

export const maxFrameHeaderSize = 10;

export function frameHeaderSize(length: number): number {
  if (length < 126) return 2;
  return length < 65_536 ? 4 : 10;
}

/** Writes the header of a final frame and returns the index after it. */
export function writeFrameHeader(target: Buffer, at: number, opcode: number, length: number): number {
  target[at] = 0x80 | opcode;
  if (length < 126) {
    target[at + 1] = length;
    return at + 2;
  }
  if (length < 65_536) {
    target[at + 1] = 126;
    target[at + 2] = length >>> 8;
    target[at + 3] = length & 0xff;
    return at + 4;
  }
  target[at + 1] = 127;
  target.writeUInt32BE(Math.floor(length / 2 ** 32), at + 2);
  target.writeUInt32BE(length >>> 0, at + 6);
  return at + 10;
}

export interface FrameSpan {
  readonly opcode: number;
  /** Where the payload begins and ends. */
  readonly start: number;
  readonly end: number;
}

/** Where the payload of the frame at `at` lies; undefined if what stands there is not a whole frame of ours. */
export function frameAt(bytes: Buffer, at: number): FrameSpan | undefined {
  const first = bytes[at];
  const short = bytes[at + 1];
  if (first === undefined || short === undefined || (first & 0xf0) !== 0x80 || short > 127) return undefined;
  const start = at + (short < 126 ? 2 : short === 126 ? 4 : 10);
  if (start > bytes.length) return undefined;
  const length =
    short < 126
      ? short
      : short === 126
        ? bytes.readUInt16BE(at + 2)
        : bytes.readUInt32BE(at + 2) * 2 ** 32 + bytes.readUInt32BE(at + 6);
  const end = start + length;
  return end > bytes.length ? undefined : { opcode: first & 0x0f, start, end };
}
