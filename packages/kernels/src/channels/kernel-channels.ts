import type { ConnectionInfo, ExecutionState, Message } from '@perijove/protocol';
import type { Log } from '../log.ts';
import type { Journal } from './journal.ts';
import type { KernelInfo } from './kernel-info.ts';
import type { ChannelLimits } from './limits.ts';

export interface ChannelsOptions {
  readonly kernelId: string;
  readonly journal: Journal;
  readonly log: Log;
  readonly limits: ChannelLimits;
  now(): number;
}

export type AnnouncedState = 'starting' | 'restarting' | 'autorestarting' | 'dead';

export interface Activity {
  /** Milliseconds since the epoch. */
  readonly lastActivity: number;
  readonly executionState: ExecutionState;
  readonly connections: number;
}

/** One kernel's messages: one set of sockets to it, any number of clients. Outlives the kernel's restarts. */
export class KernelChannels {
  onActivity: (() => void) | undefined;

  constructor(options: ChannelsOptions) {
    throw new Error(`channels of ${options.kernelId}: being written`);
  }

  /** First launch, restart, adoption: opens one set of sockets. Queued client messages go out once the kernel has answered kernel_info. */
  declare connect: (connection: ConnectionInfo) => void;
  /** Resolves at the first kernel_info_reply since `connect`; rejects with KERNEL_NO_REPLY when aborted. */
  declare ready: (signal: AbortSignal) => Promise<KernelInfo>;
  /** Closes the sockets to the kernel; clients stay. */
  declare disconnect: () => void;
  /** Asks the kernel. Rejects with KERNEL_NO_REPLY when aborted. */
  declare request: (
    channel: 'shell' | 'control',
    msgType: string,
    content: object,
    options: { signal: AbortSignal },
  ) => Promise<Message>;
  /** Tells all clients by an iopub status. */
  declare announce: (state: AnnouncedState) => void;
  declare readonly activity: Activity;
  declare closeClients: (code: number, reason: string) => void;
  declare dispose: () => Promise<void>;
}
