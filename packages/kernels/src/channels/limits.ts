/** Bounds of what one kernel's channels keep. Bytes and milliseconds; defaults are in options.ts. */
export interface ChannelLimits {
  /** Messages from clients that wait for a kernel that is not up yet. */
  readonly queuedMessages: number;
  readonly queuedBytes: number;
  /** Requests whose replies are still to come: older ones are forgotten first. */
  readonly outstandingRequests: number;
  /** Bytes that wait in a client's socket above which it is served from the journal at its own pace. */
  readonly clientBufferBytes: number;
  /** Messages a second above which reads are held back by `batchDelayMs`, so that one read carries many. 0: never. */
  readonly batchAboveRate: number;
  readonly batchDelayMs: number;
  /** How long a kernel that has answered may take until something of it is seen on iopub. */
  readonly iopubConfirmMs: number;
  /** Message types that clients may send. Empty: all. */
  readonly allowedMessageTypes: readonly string[];
}
