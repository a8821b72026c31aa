import { ZmtpError } from './zmtp-error.ts';

export const greetingSize = 64;

export interface Greeting {
  readonly major: number;
  readonly minor: number;
  readonly mechanism: string;
  readonly asServer: boolean;
}

const minorOffset = 11;
const mechanismOffset = 12;
const mechanismSize = 20;
const asServerOffset = 32;

export function encodeGreeting(mechanism: string, asServer: boolean): Buffer {
  const greeting = Buffer.alloc(greetingSize);
  greeting[0] = 0xff;
  greeting[9] = 0x7f;
  greeting[10] = 3;
  greeting[minorOffset] = 1;
  greeting.write(mechanism, mechanismOffset, mechanismSize, 'latin1');
  greeting[asServerOffset] = asServer ? 1 : 0;
  return greeting;
}

/**
 * Refuses what can no longer become a greeting of ZMTP 3, as early as its bytes allow: a peer that
 * speaks HTTP, say, is told apart by its first byte and not after 64 of them or a timeout.
 */
export function checkGreetingStart(bytes: Buffer): void {
  // The padding (1–8) is not significant: libzmq writes the length of its identity there for ZMTP 1.0 peers.
  if (bytes.length > 0 && bytes[0] !== 0xff) throw notZmtp('the first byte is not 0xFF');
  if (bytes.length > 9 && bytes[9] !== 0x7f) throw notZmtp('the signature does not end in 0x7F');
  // RFC 37, "Version Negotiation": a higher version is accepted and spoken to in ours; a lower one may be refused.
  if (bytes.length > 10 && (bytes[10] ?? 0) < 3) throw notZmtp(`version ${bytes[10]} is older than 3.0`);
}

export function decodeGreeting(bytes: Buffer): Greeting {
  checkGreetingStart(bytes);
  const padded = bytes.toString('latin1', mechanismOffset, mechanismOffset + mechanismSize);
  const major = bytes[10] ?? 0;
  return {
    major,
    // A major version above 3 says nothing by its minor; such a peer is to understand 3.1.
    minor: major > 3 ? 1 : (bytes[minorOffset] ?? 0),
    mechanism: padded.replace(/\0+$/, ''),
    asServer: (bytes[asServerOffset] ?? 0) === 1,
  };
}

function notZmtp(why: string): ZmtpError {
  return new ZmtpError('ZMTP_PROTOCOL', `the peer does not speak ZMTP 3: ${why}`);
}
