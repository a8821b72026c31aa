/** Every way in which bytes from a kernel or a client break the protocol. */
export const protocolErrors = {
  /** The ZeroMQ frames of a kernel's message have no delimiter or too few parts. */
  PROTOCOL_MALFORMED_MESSAGE: 'malformed',
  /** The HMAC of a kernel's message is wrong: it does not come from the kernel that has our key. */
  PROTOCOL_BAD_SIGNATURE: 'signature',
  /** A WebSocket frame of a client does not follow the framing that was agreed on. */
  PROTOCOL_MALFORMED_FRAME: 'frame',
  /** A setting or a kernelspec names an amount of memory or processors that is none. */
  PROTOCOL_BAD_QUANTITY: 'quantity',
} as const;

export type ProtocolErrorCode = keyof typeof protocolErrors;

export class ProtocolError extends Error {
  readonly code: ProtocolErrorCode;

  constructor(code: ProtocolErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ProtocolError';
    this.code = code;
  }
}
