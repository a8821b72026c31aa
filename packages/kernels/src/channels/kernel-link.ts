import type { Channel, ConnectionInfo, RawMessage } from '@perijove/protocol';
import type { Log } from '../log.ts';
import type { ChannelLimits } from './limits.ts';

export interface LinkOptions {
  /**
   * By which the other end knows this server again: the kernel sends replies to it, and asks for input on stdin at the identity
   * that it was asked from on shell. The same for a successor of this server.
   */
  readonly identity: string;
  readonly log: Log;
  readonly limits: ChannelLimits;
  /** All that one read has brought on one channel, in order, believed already; never empty. Never called after `close`. */
  onMessages(channel: Channel, messages: RawMessage[]): void;
  /** Calls back, perhaps at once, when all that was handed over until now outlives this process. */
  whenKept(then: () => void): void;
  /**
   * The ids of the last messages that an earlier process has kept: what a link that only knows about where it left off is given
   * again is known by these.
   */
  recentIds(): Promise<ReadonlySet<string>>;
}

/**
 * The way to one kernel: sockets of its own, or a WebSocket of the gateway that it lives behind. It connects by itself, and
 * again when it breaks; what is sent before that waits, in order. It is opened by `openLink` and lives until `close`.
 */
export interface KernelLink {
  /** Bytes that the other end has not taken yet. */
  readonly bufferedBytes: number;
  /** Never on iopub. False, and not sent, if as much waits for the other end as may. */
  send(message: RawMessage): boolean;
  /** Stops reading what the kernel publishes, for as long as what was read cannot be put anywhere. May be repeated. */
  pause(): void;
  resume(): void;
  close(): void;
}

/** A place that has a way of its own to its kernels. */
export interface LinkOpener {
  openLink(options: LinkOptions): KernelLink;
}

/** Where a kernel is reached: ports that speak ZMTP, or whatever opens a link to it. */
export type KernelConnection = ConnectionInfo | LinkOpener;
