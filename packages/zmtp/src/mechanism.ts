import type { Properties } from './properties.ts';

/**
 * A security mechanism as seen by one connection: pure, fed with the bodies of command frames. It is
 * over when `receive` returns the peer's properties; every command after that is traffic.
 * (PLAIN fits as it is. CURVE also needs to wrap the traffic: it will add `seal` and `open`.)
 */
export interface Mechanism {
  /** As in the greeting, where both sides must say the same. */
  readonly name: string;
  readonly asServer: boolean;
  /** The command bodies to send once the peer's greeting was found to match. */
  start(): readonly Buffer[];
  /** Throws ZmtpError if the peer refuses, or says what it may not say now. */
  receive(body: Buffer): { readonly send: readonly Buffer[]; readonly peer?: Properties };
}
