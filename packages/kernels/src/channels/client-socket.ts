/** What a client's connection does for the channels; the server's WebSocket is one. */
export interface ClientSocket {
  /** Bytes written and not yet taken by the operating system. */
  readonly bufferedBytes: number;
  /** Sends whole WebSocket frames as they are. Of no effect once it is closing. */
  write(frames: Buffer): void;
  /** Asks the peer to echo `payload` once it has read all that was written before. */
  ping(payload: Buffer): void;
  /** `reason` is cut to what a close frame holds. */
  close(code: number, reason: string): void;
}
