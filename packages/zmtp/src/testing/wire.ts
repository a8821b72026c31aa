// Bytes of ZMTP written by hand (not by this package's encoder), for tests.

export function greetingBytes(change: Record<number, number> = {}): Buffer {
  const bytes = Buffer.concat([
    Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 1]),
    Buffer.from('NULL'),
    Buffer.alloc(48),
  ]);
  for (const [offset, value] of Object.entries(change)) bytes[Number(offset)] = value;
  return bytes;
}

export function frameBytes(flags: number, body: Buffer | string): Buffer {
  const bytes = Buffer.from(body);
  if (bytes.length < 256) return Buffer.concat([Buffer.from([flags, bytes.length]), bytes]);
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(bytes.length));
  return Buffer.concat([Buffer.from([flags | 2]), size, bytes]);
}

export function messageBytes(...frames: (Buffer | string)[]): Buffer {
  return Buffer.concat(frames.map((frame, index) => frameBytes(index === frames.length - 1 ? 0 : 1, frame)));
}

export function readyBytes(socketType: string, identity?: string): Buffer {
  const properties =
    property('Socket-Type', socketType) + (identity === undefined ? '' : property('Identity', identity));
  return frameBytes(4, Buffer.from(`\x05READY${properties}`, 'latin1'));
}

export function handshakeBytes(socketType: string, identity?: string): Buffer {
  return Buffer.concat([greetingBytes(), readyBytes(socketType, identity)]);
}

function property(name: string, value: string): string {
  return `${String.fromCharCode(name.length)}${name}\0\0\0${String.fromCharCode(value.length)}${value}`;
}
