import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** Who is at the other end, as far as the transport (or a trusted proxy) can tell. */
export interface Peer {
  readonly address: string;
  readonly isSecure: boolean;
}

/** As Tornado's xheaders: the rightmost forwarded address is what our own proxy saw; what stands left of it anyone may write. */
export function peerOf(request: IncomingMessage, trustXheaders: boolean): Peer {
  let address = request.socket.remoteAddress ?? '';
  let isSecure = (request.socket as Partial<TLSSocket>).encrypted === true;
  if (trustXheaders) {
    const forwarded = lastOf(request.headers['x-real-ip']) ?? lastOf(request.headers['x-forwarded-for']);
    if (forwarded !== undefined && isIP(forwarded) !== 0) address = forwarded;
    const scheme = lastOf(request.headers['x-scheme']) ?? lastOf(request.headers['x-forwarded-proto']);
    if (scheme === 'https' || scheme === 'http') isSecure = scheme === 'https';
  }
  return { address, isSecure };
}

function lastOf(header: string | string[] | undefined): string | undefined {
  return (Array.isArray(header) ? header.join(',') : header)?.split(',').at(-1)?.trim();
}
