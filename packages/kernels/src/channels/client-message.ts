import {
  decodeClientFrame,
  peekHeader,
  ProtocolError,
  type Framing,
  type HeaderPeek,
  type RawMessage,
} from '@perijove/protocol';

export type ClientMessage =
  | { readonly message: RawMessage; readonly header: HeaderPeek }
  /** Why the connection is to be closed (RFC 6455 §7.4.1): 1003 what is never accepted, 1007 what is malformed. */
  | { readonly closeCode: 1003 | 1007; readonly reason: string };

/** Reads what a client sent. The header is looked at; content is the kernel's to judge. */
export function readClientMessage(framing: Framing, bytes: Buffer, isBinary: boolean): ClientMessage {
  if (framing !== 'default' && !isBinary) {
    return { closeCode: 1003, reason: 'a text frame, but the subprotocol has binary frames only' };
  }
  let message: RawMessage;
  try {
    message = decodeClientFrame(framing, bytes, isBinary);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { closeCode: 1007, reason: error.message };
  }
  if (message.channel === 'iopub') return { closeCode: 1003, reason: 'clients do not send on iopub' };
  const header = peekHeader(message.header);
  if (header === undefined)
    return { closeCode: 1007, reason: 'the header is not a JSON object of at most 64 KiB' };
  if (header.msgId === '' || header.msgType === '') {
    return { closeCode: 1007, reason: 'a header without msg_id or msg_type' };
  }
  return { message, header };
}
