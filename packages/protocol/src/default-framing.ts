// The framing of clients that offer no subprotocol: a message is a JSON text frame, or, if it has buffers, a binary frame of
// big-endian 32-bit numbers [n][offset 0]…[offset n-1], then n blobs of which the first is the JSON
// (jupyter_server, "WebSocket kernel wire protocols"). The JSON parts are spliced and split as bytes.
import { isUtf8 } from 'node:buffer';
import { equalsAscii, scanObject, stringAt } from './json-object.ts';
import { channels, type Channel, type RawMessage } from './message.ts';
import { ProtocolError } from './protocol-error.ts';

const emptyObject = Buffer.from('{}');
const emptyString = Buffer.from('""');
const opening = Buffer.from('{"header":');
const beforeId = Buffer.from(',"msg_id":');
const beforeType = Buffer.from(',"msg_type":');
const beforeParent = Buffer.from(',"parent_header":');
const beforeMetadata = Buffer.from(',"metadata":');
const beforeContent = Buffer.from(',"content":');
const beforeChannel = Buffer.from(',"buffers":[],"channel":"');
const closing = Buffer.from('"}');

/** One message in this framing, as pieces that are only put together in the end. */
export interface DefaultFrame {
  readonly isBinary: boolean;
  readonly size: number;
  readonly pieces: readonly Buffer[];
}

/** `message`'s JSON parts are taken for JSON; what of them is not UTF-8 is replaced, since it would end the connection. */
export function defaultFrame(message: RawMessage): DefaultFrame {
  const header = jsonPart(message.header);
  const { id, type } = tokensOf(header);
  const json = [
    opening,
    header,
    beforeId,
    id,
    beforeType,
    type,
    beforeParent,
    jsonPart(message.parentHeader),
    beforeMetadata,
    jsonPart(message.metadata),
    beforeContent,
    jsonPart(message.content),
    beforeChannel,
    Buffer.from(message.channel),
    closing,
  ];
  const jsonSize = totalOf(json);
  if (message.buffers.length === 0) return { isBinary: false, size: jsonSize, pieces: json };
  const count = message.buffers.length + 1;
  const table = Buffer.allocUnsafe(4 * (count + 1));
  table.writeUInt32BE(count, 0);
  let offset = table.length;
  table.writeUInt32BE(offset, 4);
  offset += jsonSize;
  message.buffers.forEach((buffer, index) => {
    table.writeUInt32BE(offset, 4 * (index + 2));
    offset += buffer.length;
    // Offsets have 32 bits: there is no way to say more in this framing.
    if (offset >= 2 ** 32) throw new ProtocolError('PROTOCOL_MALFORMED_FRAME', 'a message of 4 GiB or more');
  });
  return { isBinary: true, size: offset, pieces: [table, ...json, ...message.buffers] };
}

export function encodeDefault(message: RawMessage): { isBinary: boolean; bytes: Buffer } {
  const { isBinary, size, pieces } = defaultFrame(message);
  return { isBinary, bytes: Buffer.concat(pieces, size) };
}

/** Parts are views of `bytes`. Parts that a client left out are `{}`, its channel `shell`. Throws PROTOCOL_MALFORMED_FRAME. */
export function decodeDefault(bytes: Buffer, isBinary: boolean): RawMessage {
  if (!isBinary) return decodeJson(bytes, []);
  if (bytes.length < 8) throw malformed('shorter than its table of offsets');
  const count = bytes.readUInt32BE(0);
  const tableEnd = 4 * (count + 1);
  if (count < 1 || tableEnd > bytes.length) throw malformed(`${count} offsets do not fit into it`);
  const blobs: Buffer[] = [];
  let start = bytes.readUInt32BE(4);
  if (start < tableEnd) throw malformed('the first offset lies in the table of offsets');
  for (let index = 1; index <= count; index++) {
    const end = index === count ? bytes.length : bytes.readUInt32BE(4 * (index + 1));
    if (end < start || end > bytes.length) throw malformed(`offset ${index} is ${end}`);
    blobs.push(bytes.subarray(start, end));
    start = end;
  }
  const [json, ...buffers] = blobs as [Buffer];
  return decodeJson(json, buffers);
}

function decodeJson(bytes: Buffer, buffers: readonly Buffer[]): RawMessage {
  if (!isUtf8(bytes)) throw malformed('not UTF-8');
  let channel: Channel = 'shell';
  let header: Buffer = emptyObject;
  let parentHeader: Buffer = emptyObject;
  let metadata: Buffer = emptyObject;
  let content: Buffer = emptyObject;
  const isObject = scanObject(bytes, (keyStart, keyEnd, valueStart, valueEnd) => {
    const part = (): Buffer => {
      if (equalsAscii(bytes, valueStart, valueEnd, 'null')) return emptyObject;
      if (bytes[valueStart] !== 0x7b)
        throw malformed(`${bytes.toString('latin1', keyStart, keyEnd)} is not an object`);
      return bytes.subarray(valueStart, valueEnd);
    };
    if (equalsAscii(bytes, keyStart, keyEnd, 'header')) header = part();
    else if (equalsAscii(bytes, keyStart, keyEnd, 'parent_header')) parentHeader = part();
    else if (equalsAscii(bytes, keyStart, keyEnd, 'metadata')) metadata = part();
    else if (equalsAscii(bytes, keyStart, keyEnd, 'content')) content = part();
    else if (equalsAscii(bytes, keyStart, keyEnd, 'channel'))
      channel = channelFrom(bytes, valueStart, valueEnd);
  });
  if (!isObject) throw malformed('not a JSON object');
  return { channel, header, parentHeader, metadata, content, buffers };
}

function channelFrom(bytes: Buffer, start: number, end: number): Channel {
  if (equalsAscii(bytes, start, end, 'null')) return 'shell';
  const name = stringAt(bytes, start, Math.min(end, start + 64));
  const channel = channels.find((known) => known === name);
  if (channel === undefined) throw malformed(`no channel is called ${JSON.stringify(name)}`);
  return channel;
}

function tokensOf(header: Buffer): { id: Buffer; type: Buffer } {
  let id: Buffer = emptyString;
  let type: Buffer = emptyString;
  scanObject(header, (keyStart, keyEnd, valueStart, valueEnd) => {
    if (equalsAscii(header, keyStart, keyEnd, 'msg_id')) id = header.subarray(valueStart, valueEnd);
    else if (equalsAscii(header, keyStart, keyEnd, 'msg_type')) type = header.subarray(valueStart, valueEnd);
  });
  return { id, type };
}

function jsonPart(bytes: Buffer): Buffer {
  if (bytes.length === 0) return emptyObject;
  return isUtf8(bytes) ? bytes : Buffer.from(bytes.toString('utf8'), 'utf8');
}

function totalOf(pieces: readonly Buffer[]): number {
  let total = 0;
  for (const piece of pieces) total += piece.length;
  return total;
}

function malformed(why: string): ProtocolError {
  return new ProtocolError('PROTOCOL_MALFORMED_FRAME', `default framing: ${why}`);
}
