// The bodies of command frames (RFC 37 "Commands"). The frame around them is frame-encoder's.
import { ZmtpError } from './zmtp-error.ts';

export interface Command {
  readonly name: string;
  readonly data: Buffer;
}

export function encodeCommand(name: string, ...data: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from([name.length]), Buffer.from(name, 'latin1'), ...data]);
}

export function decodeCommand(body: Buffer): Command {
  const nameSize = body[0] ?? 0;
  if (nameSize === 0 || body.length < 1 + nameSize) {
    throw new ZmtpError('ZMTP_PROTOCOL', 'a command without a whole name');
  }
  return { name: body.toString('latin1', 1, 1 + nameSize), data: body.subarray(1 + nameSize) };
}

/** The reason inside an ERROR command; a malformed one gives what can be read. */
export function decodeErrorReason(data: Buffer): string {
  const size = data[0] ?? 0;
  // It goes to logs, so nothing but printable ASCII passes.
  return data.toString('latin1', 1, Math.min(1 + size, data.length)).replace(/[^\x20-\x7e]/g, '?');
}

/** What a peer's ERROR means for the connection. */
export function refused(data: Buffer): ZmtpError {
  return new ZmtpError('ZMTP_REFUSED_BY_PEER', `the peer refused: ${decodeErrorReason(data)}`);
}

export function encodeError(reason: string): Buffer {
  const text = Buffer.from(reason, 'latin1').subarray(0, 255);
  return encodeCommand('ERROR', Buffer.from([text.length]), text);
}

const maxPingContext = 16;

/** The PONG that answers a PING: its context, without the time to live before it. */
export function pongFor(ping: Buffer): Buffer {
  // libzmq cuts a longer context off as well, rather than disconnect.
  return encodeCommand('PONG', ping.subarray(2, 2 + maxPingContext));
}

/** How long after this PING the peer wants to be considered dead, were it silent; 0 for never. */
export function pingTtlMs(ping: Buffer): number {
  return ping.length < 2 ? 0 : ping.readUInt16BE(0) * 100;
}
