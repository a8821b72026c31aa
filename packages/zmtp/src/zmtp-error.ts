/** Every way this package fails. README.md says when each comes. */
export const zmtpErrorCodes = [
  'ZMTP_BAD_ENDPOINT',
  'ZMTP_BAD_OPTION',
  'ZMTP_BAD_MESSAGE',
  'ZMTP_PROTOCOL',
  'ZMTP_TOO_LARGE',
  'ZMTP_CONNECTION',
  'ZMTP_HANDSHAKE_TIMEOUT',
  'ZMTP_INCOMPATIBLE_SOCKET',
  'ZMTP_MECHANISM',
  'ZMTP_REFUSED_BY_PEER',
  'ZMTP_DUPLICATE_IDENTITY',
  'ZMTP_TOO_MANY_HANDSHAKES',
  'ZMTP_PEER_TIMEOUT',
  'ZMTP_STATE',
  'ZMTP_CLOSED',
] as const;

export type ZmtpErrorCode = (typeof zmtpErrorCodes)[number];

export class ZmtpError extends Error {
  readonly code: ZmtpErrorCode;

  constructor(code: ZmtpErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ZmtpError';
    this.code = code;
  }
}
