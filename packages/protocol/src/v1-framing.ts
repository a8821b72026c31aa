// `v1.kernel.websocket.jupyter.org` (jupyter_server, "WebSocket kernel wire protocols"): little-endian 64-bit numbers
// [N][offset 0]…[offset N-1], then channel | header | parent_header | metadata | content | buffers…; offset 0 is where the
// channel begins, the last offset is the end.
import { channels, type Channel, type RawMessage } from './message.ts';
import { ProtocolError } from './protocol-error.ts';

const fixedParts = 5;
const channelBytes: Readonly<Record<Channel, Buffer>> = {
  shell: Buffer.from('shell'),
  control: Buffer.from('control'),
  stdin: Buffer.from('stdin'),
  iopub: Buffer.from('iopub'),
};

export function v1Size(message: RawMessage): number {
  const { header, parentHeader, metadata, content, buffers } = message;
  let size =
    8 * (fixedParts + buffers.length + 2) +
    channelBytes[message.channel].length +
    header.length +
    parentHeader.length +
    metadata.length +
    content.length;
  for (const buffer of buffers) size += buffer.length;
  return size;
}

/** Writes `v1Size(message)` bytes at `at` and returns the index after them. */
export function writeV1(message: RawMessage, target: Buffer, at: number): number {
  const count = fixedParts + message.buffers.length + 1;
  let slot = writeOffset(target, at, count);
  let end = at + 8 * (count + 1);
  const put = (part: Buffer): void => {
    slot = writeOffset(target, slot, end - at);
    target.set(part, end);
    end += part.length;
  };
  put(channelBytes[message.channel]);
  put(message.header);
  put(message.parentHeader);
  put(message.metadata);
  put(message.content);
  for (const buffer of message.buffers) put(buffer);
  writeOffset(target, slot, end - at);
  return end;
}

export function encodeV1(message: RawMessage): Buffer {
  const bytes = Buffer.allocUnsafe(v1Size(message));
  writeV1(message, bytes, 0);
  return bytes;
}

/** The parts are views of `bytes`, not copies. Throws PROTOCOL_MALFORMED_FRAME. */
export function decodeV1(bytes: Buffer): RawMessage {
  if (bytes.length < 8) throw malformed('shorter than its number of offsets');
  const count = readOffset(bytes, 0);
  if (count < fixedParts + 1) throw malformed(`${count} offsets, not ${fixedParts + 1} or more`);
  const tableEnd = 8 * (count + 1);
  if (tableEnd > bytes.length) throw malformed(`${count} offsets do not fit into it`);
  const parts: Buffer[] = [];
  let start = readOffset(bytes, 8);
  if (start < tableEnd) throw malformed('the first offset lies in the table of offsets');
  for (let index = 1; index < count; index++) {
    const end = readOffset(bytes, 8 * (index + 1));
    if (end < start || end > bytes.length) throw malformed(`offset ${index} is ${end}`);
    parts.push(bytes.subarray(start, end));
    start = end;
  }
  const [channel, header, parentHeader, metadata, content, ...buffers] = parts as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ];
  return { channel: channelFrom(channel), header, parentHeader, metadata, content, buffers };
}

/** Of a frame that this side wrote: where its parts are, without making views of them. */
export function v1PartSpan(bytes: Buffer, at: number, part: number): { start: number; end: number } {
  return {
    start: at + readOffset(bytes, at + 8 * (part + 1)),
    end: at + readOffset(bytes, at + 8 * (part + 2)),
  };
}

function channelFrom(bytes: Buffer): Channel {
  for (const channel of channels) if (channelBytes[channel].equals(bytes)) return channel;
  throw malformed(`no channel is called ${JSON.stringify(bytes.toString('latin1', 0, 32))}`);
}

function writeOffset(target: Buffer, at: number, value: number): number {
  target.writeUInt32LE(value >>> 0, at);
  target.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4);
  return at + 8;
}

// Above 2^53 a double is no longer exact, but by then it is far above any frame's length, which is all that matters.
function readOffset(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
}

function malformed(why: string): ProtocolError {
  return new ProtocolError('PROTOCOL_MALFORMED_FRAME', `v1 frame: ${why}`);
}
