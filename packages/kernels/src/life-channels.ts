import type { ExecutionState } from '@perijove/protocol';
import type { KernelConnection } from './channels/kernel-link.ts';

/** What a kernel's life needs of the channels between its clients and itself. `KernelChannels` is one. */
export interface LifeChannels {
  /** Opens one link. Queued messages of clients go out once the kernel has answered. */
  connect(connection: KernelConnection): void;
  /** Resolves at the first kernel_info_reply since `connect`. Rejects when aborted. */
  ready(signal: AbortSignal): Promise<unknown>;
  /** Closes the link to the kernel and keeps the clients. */
  disconnect(): void;
  request(
    channel: 'shell' | 'control',
    msgType: string,
    content: object,
    options: { signal: AbortSignal },
  ): Promise<unknown>;
  /** Tells all clients by an iopub status. */
  announce(state: 'starting' | 'restarting' | 'autorestarting' | 'dead'): void;
  readonly activity: {
    readonly lastActivity: number;
    readonly executionState: ExecutionState;
    readonly connections: number;
  };
  /** What an earlier server knew of this kernel, before `connect`. */
  restore(activity: { readonly lastActivity: number; readonly executionState: ExecutionState }): void;
  onActivity: (() => void) | undefined;
  closeClients(code: number, reason: string): void;
  dispose(): Promise<void>;
}
