import type { Channel, RawMessage } from './message.ts';
import { ProtocolError } from './protocol-error.ts';
import type { Signer, SignedParts } from './signer.ts';

const delimiter = Buffer.from('<IDS|MSG>', 'latin1');

/** A message as it stood on a ZeroMQ socket: what came before the delimiter, and the message. */
export interface WireMessage {
  identities: readonly Buffer[];
  message: RawMessage;
}

/**
 * Reads the frames `[identities…, <IDS|MSG>, hmac, header, parent_header, metadata, content, buffers…]`.
 * The parts are the frames themselves, not copies. Throws PROTOCOL_MALFORMED_MESSAGE or PROTOCOL_BAD_SIGNATURE.
 */
export function decodeWire(channel: Channel, frames: readonly Buffer[], signer: Signer): WireMessage {
  let at = 0;
  while (at < frames.length && !frames[at]!.equals(delimiter)) at++;
  if (at === frames.length) throw new ProtocolError('PROTOCOL_MALFORMED_MESSAGE', 'no <IDS|MSG> delimiter');
  const [signature, header, parentHeader, metadata, content] = frames.slice(at + 1, at + 6);
  if (!signature || !header || !parentHeader || !metadata || !content) {
    throw new ProtocolError(
      'PROTOCOL_MALFORMED_MESSAGE',
      `${frames.length - at - 1} parts after the delimiter, not 5 or more`,
    );
  }
  const parts: SignedParts = [header, parentHeader, metadata, content];
  if (!signer.verify(signature, parts)) {
    throw new ProtocolError('PROTOCOL_BAD_SIGNATURE', `wrong HMAC on a message of the ${channel} channel`);
  }
  return {
    identities: frames.slice(0, at),
    message: { channel, header, parentHeader, metadata, content, buffers: frames.slice(at + 6) },
  };
}

/** Writes a message as signed ZeroMQ frames. */
export function encodeWire(
  message: RawMessage,
  signer: Signer,
  identities: readonly Buffer[] = [],
): Buffer[] {
  const { header, parentHeader, metadata, content, buffers } = message;
  return [
    ...identities,
    delimiter,
    signer.sign([header, parentHeader, metadata, content]),
    header,
    parentHeader,
    metadata,
    content,
    ...buffers,
  ];
}
