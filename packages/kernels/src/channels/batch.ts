/** Messages that came together, numbered without a gap, as v1 WebSocket frames one after another in `bytes`. */
export interface Batch {
  readonly first: number;
  readonly count: number;
  readonly bytes: Buffer;
  /** The session that each message is for, undefined for all. Absent: every one of them is for all. */
  readonly targets: readonly (string | undefined)[] | undefined;
}
