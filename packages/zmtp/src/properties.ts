// The metadata of READY: name (1 byte length), value (4 bytes length). Names are compared without case.
import { ZmtpError } from './zmtp-error.ts';

/** By name in lower case. */
export type Properties = ReadonlyMap<string, Buffer>;

export function encodeProperties(properties: Iterable<readonly [name: string, value: Buffer]>): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of properties) {
    const size = Buffer.alloc(4);
    size.writeUInt32BE(value.length);
    parts.push(Buffer.from([name.length]), Buffer.from(name, 'latin1'), size, value);
  }
  return Buffer.concat(parts);
}

export function decodeProperties(data: Buffer): Properties {
  const properties = new Map<string, Buffer>();
  let position = 0;
  while (position < data.length) {
    const nameEnd = position + 1 + (data[position] ?? 0);
    if (nameEnd === position + 1) throw malformed('an empty name');
    if (nameEnd + 4 > data.length) throw malformed('a name is cut off');
    const valueEnd = nameEnd + 4 + data.readUInt32BE(nameEnd);
    if (valueEnd > data.length) throw malformed('a value is cut off');
    const name = data.toString('latin1', position + 1, nameEnd).toLowerCase();
    properties.set(name, data.subarray(nameEnd + 4, valueEnd));
    position = valueEnd;
  }
  return properties;
}

function malformed(why: string): ZmtpError {
  return new ZmtpError('ZMTP_PROTOCOL', `malformed properties in READY: ${why}`);
}
