import type { KernelError } from './kernel-error.ts';
import { deathByExit, deathByFailedLaunch, type Death } from './death.ts';
import type { KernelState, RestartReason, StateOf, StopReason } from './kernel-state.ts';
import type { Exit } from './provisioner.ts';

/** What happens to a kernel. `at` is the time, in milliseconds since the epoch. */
export type KernelEvent = { readonly at: number } & (
  | { readonly type: 'admitted' }
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

/** How long an end may take beyond its grace before it is asked for again, by force. */
export const destroyRetryMs = 30_000;

/**
 * Decides what a kernel becomes, and what must be done for that to hold true.
 * Pure: performs nothing and reads no clock. An event that means nothing in the
 * present state leaves the state as it is, by reference.
 */
export function transition(state: KernelState, event: KernelEvent, policy: LifecyclePolicy): Transition {
  switch (state.status) {
    case 'queued':
      return whileQueued(state, event, policy);
    case 'launching':
      return whileLaunching(state, event, policy);
    case 'running':
      return whileRunning(state, event, policy);
    case 'restarting':
      return whileRestarting(state, event, policy);
    case 'stopping':
      return whileStopping(state, event, policy);
    case 'lost':
      return whileLost(state, event, policy);
    case 'dead':
      return whileDead(state, event);
  }
}

/** The state of a kernel that is to be started now, and how to get there. */
export function begin(at: number, policy: LifecyclePolicy): Transition {
  return {
    state: { status: 'launching', step: 'starting', attempt: 1, until: at + policy.launchTimeoutMs },
    effects: [{ type: 'launch' }],
  };
}

function whileQueued(state: StateOf<'queued'>, event: KernelEvent, policy: LifecyclePolicy): Transition {
  switch (event.type) {
    case 'admitted':
      return begin(event.at, policy);
    case 'launchFailed':
      return dead(deathByFailedLaunch(event.error, event.at), [{ type: 'closeClients' }]);
    case 'stopRequested':
      return dead(stopped(event.reason, event.at), [{ type: 'closeClients' }]);
    default:
      return unchanged(state);
  }
}

function whileLaunching(
  state: StateOf<'launching'>,
  event: KernelEvent,
  policy: LifecyclePolicy,
): Transition {
  const starting = state.step === 'starting';
  switch (event.type) {
    case 'launched':
      if (!starting) return unchanged(state);
      return {
        state: { ...state, step: 'connecting', until: event.at + policy.replyTimeoutMs },
        effects: [{ type: 'connect' }],
      };
    case 'launchFailed':
      if (!starting) return unchanged(state);
      if (!event.mayPass || state.attempt >= policy.launchAttempts) {
        return dead(deathByFailedLaunch(event.error, event.at), [{ type: 'closeClients' }]);
      }
      return {
        state: { ...state, attempt: state.attempt + 1, until: event.at + policy.launchTimeoutMs },
        effects: [{ type: 'launch' }],
      };
    case 'answered':
      return starting ? unchanged(state) : running(event.at, 0);
    case 'exited':
      if (starting) return unchanged(state);
      return diedBeforeReply(state.attempt, event, policy, () => ({
        status: 'restarting',
        step: 'ending',
        by: 'death',
        attempt: state.attempt + 1,
        restarts: 0,
        until: event.at + destroyRetryMs,
      }));
    case 'deadline':
      return timedOut(starting, event.at, policy);
    case 'stopRequested':
      return starting
        ? aborting(event.reason, event.at)
        : endingStop(event, event.force ? 0 : policy.shutdownGraceMs / 2);
    case 'restartRequested':
      // A start that has not come so far is what was asked for; one that hangs before its reply is begun anew.
      return starting
        ? unchanged(state)
        : endingRestart('client', 1, 0, event.at, policy.shutdownGraceMs / 2);
    default:
      return unchanged(state);
  }
}

function whileRunning(state: StateOf<'running'>, event: KernelEvent, policy: LifecyclePolicy): Transition {
  switch (event.type) {
    case 'exited':
      return died(event, event.at - state.since >= policy.stableAfterMs ? 0 : state.restarts, policy);
    case 'lost':
      return {
        state: { status: 'lost', message: event.message, since: state.since, restarts: state.restarts },
        effects: [],
      };
    case 'restartRequested':
      return {
        state: {
          status: 'restarting',
          step: 'asking',
          by: 'client',
          attempt: 1,
          restarts: 0,
          until: event.at + policy.shutdownGraceMs / 2,
        },
        effects: [{ type: 'askToShutDown', restart: true }],
      };
    case 'stopRequested':
      if (event.force) return endingStop(event, 0);
      return {
        state: {
          status: 'stopping',
          step: 'asking',
          reason: event.reason,
          until: event.at + policy.shutdownGraceMs / 2,
        },
        effects: [{ type: 'askToShutDown', restart: false }],
      };
    default:
      return unchanged(state);
  }
}

function whileRestarting(
  state: StateOf<'restarting'>,
  event: KernelEvent,
  policy: LifecyclePolicy,
): Transition {
  if (event.type === 'stopRequested') return stopWhileRestarting(state, event, policy);
  switch (state.step) {
    case 'asking':
      if (event.type === 'exited') {
        return endingRestart(state.by, state.attempt, state.restarts, event.at, 0);
      }
      if (event.type === 'deadline') {
        return endingRestart(state.by, state.attempt, state.restarts, event.at, policy.shutdownGraceMs / 2);
      }
      return unchanged(state);
    case 'ending':
      if (event.type === 'destroyed') {
        return {
          state: { ...state, step: 'starting', until: event.at + policy.launchTimeoutMs },
          effects: [{ type: 'launch' }],
        };
      }
      if (event.type === 'deadline') {
        return {
          state: { ...state, until: event.at + destroyRetryMs },
          effects: [{ type: 'destroy', graceMs: 0 }],
        };
      }
      return unchanged(state);
    case 'starting':
      return whileRestartStarts(state, event, policy);
    case 'connecting':
      return whileRestartConnects(state, event, policy);
  }
}

function whileRestartStarts(
  state: StateOf<'restarting'>,
  event: KernelEvent,
  policy: LifecyclePolicy,
): Transition {
  switch (event.type) {
    case 'launched':
      return {
        state: { ...state, step: 'connecting', until: event.at + policy.replyTimeoutMs },
        effects: [{ type: 'connect' }],
      };
    case 'launchFailed':
      if (!event.mayPass || state.attempt >= policy.launchAttempts) {
        return dead(deathByFailedLaunch(event.error, event.at), [{ type: 'closeClients' }]);
      }
      return {
        state: { ...state, attempt: state.attempt + 1, until: event.at + policy.launchTimeoutMs },
        effects: [{ type: 'launch' }],
      };
    case 'deadline':
      return timedOut(true, event.at, policy);
    default:
      return unchanged(state);
  }
}

function whileRestartConnects(
  state: StateOf<'restarting'>,
  event: KernelEvent,
  policy: LifecyclePolicy,
): Transition {
  switch (event.type) {
    case 'answered':
      return running(event.at, state.restarts);
    case 'exited':
      return diedBeforeReply(state.attempt, event, policy, () => ({
        ...state,
        step: 'ending',
        attempt: state.attempt + 1,
        until: event.at + destroyRetryMs,
      }));
    case 'deadline':
      return timedOut(false, event.at, policy);
    case 'restartRequested':
      return endingRestart('client', 1, 0, event.at, policy.shutdownGraceMs / 2);
    default:
      return unchanged(state);
  }
}

function stopWhileRestarting(
  state: StateOf<'restarting'>,
  event: Extract<KernelEvent, { type: 'stopRequested' }>,
  policy: LifecyclePolicy,
): Transition {
  if (state.step === 'starting') return aborting(event.reason, event.at);
  if (state.step === 'ending' && !event.force) {
    return {
      state: { status: 'stopping', step: 'ending', reason: event.reason, until: state.until },
      effects: [],
    };
  }
  return endingStop(event, event.force ? 0 : policy.shutdownGraceMs / 2);
}

function whileStopping(state: StateOf<'stopping'>, event: KernelEvent, policy: LifecyclePolicy): Transition {
  const { reason } = state;
  switch (state.step) {
    case 'asking':
      if (event.type === 'exited') return endingStop({ at: event.at, reason }, 0);
      if (event.type === 'deadline') return endingStop({ at: event.at, reason }, policy.shutdownGraceMs / 2);
      if (event.type === 'stopRequested' && event.force) return endingStop(event, 0);
      return unchanged(state);
    case 'ending':
      if (event.type === 'destroyed') return dead(stopped(reason, event.at), [{ type: 'closeClients' }]);
      if (event.type === 'deadline' || (event.type === 'stopRequested' && event.force)) {
        return {
          state: { ...state, until: event.at + destroyRetryMs },
          effects: [{ type: 'destroy', graceMs: 0 }],
        };
      }
      return unchanged(state);
    case 'aborting':
      if (event.type === 'launchFailed') return dead(stopped(reason, event.at), [{ type: 'closeClients' }]);
      // It was there before the abort was noticed.
      if (event.type === 'launched') return endingStop({ at: event.at, reason }, 0);
      if (event.type === 'deadline') {
        return {
          state: { ...state, until: event.at + destroyRetryMs },
          effects: [{ type: 'abortLaunch' }],
        };
      }
      return unchanged(state);
  }
}

function whileLost(state: StateOf<'lost'>, event: KernelEvent, policy: LifecyclePolicy): Transition {
  switch (event.type) {
    case 'found':
      return { state: { status: 'running', since: state.since, restarts: state.restarts }, effects: [] };
    case 'exited':
      return died(event, event.at - state.since >= policy.stableAfterMs ? 0 : state.restarts, policy);
    case 'restartRequested':
      return endingRestart('client', 1, 0, event.at, policy.shutdownGraceMs / 2);
    case 'stopRequested':
      return endingStop(event, event.force ? 0 : policy.shutdownGraceMs / 2);
    default:
      return unchanged(state);
  }
}

function whileDead(state: StateOf<'dead'>, event: KernelEvent): Transition {
  switch (event.type) {
    case 'restartRequested':
      return endingRestart('client', 1, 0, event.at, 0);
    case 'launched':
      // A launch that was given up came through after all.
      return { state, effects: [{ type: 'destroy', graceMs: 0 }] };
    default:
      return unchanged(state);
  }
}

/** A kernel that had answered ended by itself. */
function died(
  event: Extract<KernelEvent, { type: 'exited' }>,
  restarts: number,
  policy: LifecyclePolicy,
): Transition {
  const ends: Effect[] = [{ type: 'disconnect' }, { type: 'destroy', graceMs: 0 }];
  if (!policy.autoRestart || !mayComeBack(event.exit)) {
    return dead(deathByExit(event.exit, event.at), [...ends, { type: 'closeClients' }]);
  }
  if (restarts >= policy.restartLimit) {
    const context = restarts === 0 ? '' : `The kernel died ${restarts + 1} times in a row`;
    return dead(deathByExit(event.exit, event.at, context), [...ends, { type: 'closeClients' }]);
  }
  return {
    state: {
      status: 'restarting',
      step: 'ending',
      by: 'death',
      attempt: 1,
      restarts: restarts + 1,
      until: event.at + destroyRetryMs,
    },
    effects: [{ type: 'announce', state: 'restarting' }, ...ends],
  };
}

/**
 * Running out of memory would only happen again, and its reason would be gone; a kernel that
 * somebody destroyed was meant to end; an image that is not there stays away.
 */
function mayComeBack(exit: Exit): boolean {
  return exit.reason !== 'outOfMemory' && exit.reason !== 'destroyed' && exit.reason !== 'imageUnavailable';
}

function diedBeforeReply(
  attempt: number,
  event: Extract<KernelEvent, { type: 'exited' }>,
  policy: LifecyclePolicy,
  again: () => KernelState,
): Transition {
  const ends: Effect[] = [{ type: 'disconnect' }, { type: 'destroy', graceMs: 0 }];
  if (event.mayPass && mayComeBack(event.exit) && attempt < policy.launchAttempts) {
    return { state: again(), effects: ends };
  }
  const context = 'The kernel died before it was ready';
  return dead(deathByExit(event.exit, event.at, context), [...ends, { type: 'closeClients' }]);
}

function timedOut(starting: boolean, at: number, policy: LifecyclePolicy): Transition {
  if (starting) {
    const message = `The kernel did not start within ${policy.launchTimeoutMs / 1000} s.`;
    return dead({ reason: 'launchTimeout', message, at }, [
      { type: 'abortLaunch' },
      { type: 'closeClients' },
    ]);
  }
  const message = `The kernel started, but did not answer within ${policy.replyTimeoutMs / 1000} s.`;
  return dead({ reason: 'noReply', message, at }, [
    { type: 'disconnect' },
    { type: 'destroy', graceMs: 0 },
    { type: 'closeClients' },
  ]);
}

function running(at: number, restarts: number): Transition {
  return { state: { status: 'running', since: at, restarts }, effects: [] };
}

function aborting(reason: StopReason, at: number): Transition {
  return {
    state: { status: 'stopping', step: 'aborting', reason, until: at + destroyRetryMs },
    effects: [{ type: 'abortLaunch' }],
  };
}

function endingStop(
  { at, reason }: { readonly at: number; readonly reason: StopReason },
  graceMs: number,
): Transition {
  return {
    state: { status: 'stopping', step: 'ending', reason, until: at + graceMs + destroyRetryMs },
    effects: [{ type: 'disconnect' }, { type: 'destroy', graceMs }],
  };
}

function endingRestart(
  by: RestartReason,
  attempt: number,
  restarts: number,
  at: number,
  graceMs: number,
): Transition {
  return {
    state: {
      status: 'restarting',
      step: 'ending',
      by,
      attempt,
      restarts,
      until: at + graceMs + destroyRetryMs,
    },
    effects: [{ type: 'announce', state: 'starting' }, { type: 'disconnect' }, { type: 'destroy', graceMs }],
  };
}

function stopped(reason: StopReason, at: number): Death {
  switch (reason) {
    case 'client':
      return { reason: 'stopped', message: 'The kernel was shut down.', at };
    case 'server':
      return { reason: 'stopped', message: 'The server was shut down with its kernels.', at };
    case 'culled':
      return { reason: 'culled', message: 'The kernel was shut down because it had been idle too long.', at };
  }
}

function dead(death: Death, effects: readonly Effect[]): Transition {
  return { state: { status: 'dead', death }, effects };
}

function unchanged(state: KernelState): Transition {
  return { state, effects: [] };
}
