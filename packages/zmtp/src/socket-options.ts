import { ZmtpError } from './zmtp-error.ts';

export interface SocketOptions {
  /** Told to the peer (1–255 bytes, not beginning with 0); a ROUTER there addresses this socket by it. */
  routingId?: Buffer;
  /** First delay after a failed or lost connection; doubles to `reconnectMaxMs`. Default 10. */
  reconnectMs?: number;
  /** Default 1000. */
  reconnectMaxMs?: number;
  /** A message announced larger than this ends the connection. Default 2 GiB - 1. */
  maxMessageBytes?: number;
  /** The same for its number of frames. Default 65536. */
  maxMessageFrames?: number;
  /** Bytes queued for a peer above which `send` returns false. Default 64 MiB. */
  sendHighWaterBytes?: number;
  /** From the start of connecting, or from accepting, to the peer's READY. Default 10 000. */
  handshakeTimeoutMs?: number;
  /** Accepted peers that may be in the handshake at once; one more is turned away. Default 256. */
  maxHandshakes?: number;
  /** ROUTER: a second peer with the same identity takes over from the first, else it is refused. Default true. */
  handover?: boolean;
  /** PUB, XPUB: bytes of all topics of one peer together; a peer that asks for more is disconnected. Default 1 MiB. */
  maxSubscriptionBytes?: number;
}

export type Settings = Required<SocketOptions>;

const maxRoutingId = 255;
// setTimeout fires at once for more.
const maxDelay = 2 ** 31 - 1;

export function settingsFrom(options: SocketOptions): Settings {
  const settings: Settings = {
    routingId: options.routingId ?? Buffer.alloc(0),
    reconnectMs: options.reconnectMs ?? 10,
    reconnectMaxMs: options.reconnectMaxMs ?? 1000,
    maxMessageBytes: options.maxMessageBytes ?? 2 ** 31 - 1,
    maxMessageFrames: options.maxMessageFrames ?? 65_536,
    sendHighWaterBytes: options.sendHighWaterBytes ?? 64 * 2 ** 20,
    handshakeTimeoutMs: options.handshakeTimeoutMs ?? 10_000,
    maxHandshakes: options.maxHandshakes ?? 256,
    handover: options.handover ?? true,
    maxSubscriptionBytes: options.maxSubscriptionBytes ?? 2 ** 20,
  };
  for (const [name, value] of Object.entries(settings)) {
    if (typeof value === 'number' && !(value >= 0)) throw bad(`${name} must be a number, 0 or more`);
    if (name.endsWith('Ms') && Number(value) > maxDelay) throw bad(`${name} is over ${maxDelay}`);
  }
  if (settings.routingId.length > maxRoutingId) throw bad('routingId is over 255 bytes');
  // RFC 28: identities that begin with a zero are the ones that a ROUTER makes up.
  if (settings.routingId[0] === 0) throw bad('routingId begins with a zero byte');
  return settings;
}

function bad(why: string): ZmtpError {
  return new ZmtpError('ZMTP_BAD_OPTION', why);
}
