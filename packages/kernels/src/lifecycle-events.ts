import type { KernelError } from './kernel-error.ts';
import type { KernelState, StopReason } from './kernel-state.ts';
import type { Exit } from './provisioner.ts';

/** What happens to a kernel. `at` is the time, in milliseconds since the epoch. */
export type KernelEvent = { readonly at: number } &
  /** There is room for it now. */
  (
    | { readonly type: 'admitted' }
    /** There will never be room for it. */
    | { readonly type: 'refused'; readonly message: string }
    | { readonly type: 'launched' }
    /** The launch rejected, also because it was aborted. `mayPass`: a further attempt may go better. */
    | { readonly type: 'launchFailed'; readonly error: KernelError; readonly mayPass: boolean }
    /** The kernel's first reply since it was connected. */
    | { readonly type: 'answered' }
    /** `mayPass`: what ended it may not end the next one (a port taken meanwhile). */
    | { readonly type: 'exited'; readonly exit: Exit; readonly mayPass: boolean }
    /** `destroy` is through: nothing is left of it. */
    | { readonly type: 'destroyed' }
    | { readonly type: 'lost'; readonly message: string }
    | { readonly type: 'found' }
    | { readonly type: 'restartRequested' }
    | { readonly type: 'stopRequested'; readonly reason: StopReason; readonly force: boolean }
    /** The state's `until` is over. */
    | { readonly type: 'deadline' }
  );

export type KernelEventWithoutTime = KernelEvent extends infer E
  ? E extends KernelEvent
    ? Omit<E, 'at'>
    : never
  : never;

/** What must be done for the new state to hold true, in this order. Each may be repeated. */
export type Effect =
  | { readonly type: 'launch' }
  | { readonly type: 'abortLaunch' }
  | { readonly type: 'connect' }
  /** Closes the sockets to the kernel; clients stay. */
  | { readonly type: 'disconnect' }
  /** Interrupts, then asks on the control channel. */
  | { readonly type: 'askToShutDown'; readonly restart: boolean }
  | { readonly type: 'destroy'; readonly graceMs: number }
  /** Tells the clients by an iopub status. */
  | { readonly type: 'announce'; readonly state: 'starting' | 'restarting' }
  /** Ends the clients' sockets so that they ask what happened. */
  | { readonly type: 'closeClients' };

export interface LifecyclePolicy {
  /** Whether a kernel that dies by itself is started again. */
  readonly autoRestart: boolean;
  /** How many times in a row; 0: never. */
  readonly restartLimit: number;
  /** A kernel that lived this long after its first reply starts counting anew. */
  readonly stableAfterMs: number;
  /** How many times a start is tried, the first included, when its failure may pass. */
  readonly launchAttempts: number;
  /** How long a provisioner may take to say where the kernel listens. */
  readonly launchTimeoutMs: number;
  /** How long a kernel that listens may take until its first reply. */
  readonly replyTimeoutMs: number;
  /** Half of it for the answer to shutdown_request, half between SIGTERM and SIGKILL. */
  readonly shutdownGraceMs: number;
}

export interface Transition {
  readonly state: KernelState;
  readonly effects: readonly Effect[];
}
