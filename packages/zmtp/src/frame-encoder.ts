import * as flag from './frame-flags.ts';

export const maxHeaderSize = 9;

/** Writes a frame's header into `target` (9 bytes must be free there); returns where the body begins. */
export function writeHeader(target: Buffer, offset: number, flags: number, size: number): number {
  if (size < 256) {
    target[offset] = flags;
    target[offset + 1] = size;
    return offset + 2;
  }
  target[offset] = flags | flag.long;
  target.writeUInt32BE(Math.floor(size / 2 ** 32), offset + 1);
  target.writeUInt32BE(size % 2 ** 32, offset + 5);
  return offset + maxHeaderSize;
}

export function encodeCommandFrame(body: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(maxHeaderSize + body.length);
  const start = writeHeader(frame, 0, flag.command, body.length);
  frame.set(body, start);
  return frame.subarray(0, start + body.length);
}
