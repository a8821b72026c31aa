import type { ZmtpError } from './zmtp-error.ts';

export type ConnectionEvent =
  | { type: 'connected'; endpoint: string }
  /** Was connected (handshake finished) before. `error` is absent if the peer closed in good order. */
  | { type: 'disconnected'; endpoint: string; error?: ZmtpError }
  /** Could not connect, or the handshake failed. What was connected by `connect` is tried again until `close`. */
  | { type: 'refused'; endpoint: string; error: ZmtpError };
