// What several states come to in the same way.
import { deathByExit, type Death } from './death.ts';
import type { KernelState, RestartReason, StopReason } from './kernel-state.ts';
import type { Effect, KernelEvent, LifecyclePolicy, Transition } from './lifecycle-events.ts';
import type { Exit } from './provisioner.ts';

/** How long an end may take beyond its grace before it is asked for again, by force. */
export const destroyRetryMs = 30_000;

/** The state of a kernel that is to be started now, and how to get there. */
export function begin(at: number, policy: LifecyclePolicy): Transition {
  return {
    state: { status: 'launching', step: 'starting', attempt: 1, until: at + policy.launchTimeoutMs },
    effects: [{ type: 'launch' }],
  };
}

/** A kernel that had answered ended by itself. */
export function died(
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
  if (exit.isFinal) return false;
  return exit.reason !== 'outOfMemory' && exit.reason !== 'destroyed' && exit.reason !== 'imageUnavailable';
}

export function diedBeforeReply(
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

export function timedOut(starting: boolean, at: number, policy: LifecyclePolicy): Transition {
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

export function running(at: number, restarts: number): Transition {
  return { state: { status: 'running', since: at, restarts }, effects: [] };
}

export function aborting(reason: StopReason, at: number): Transition {
  return {
    state: { status: 'stopping', step: 'aborting', reason, until: at + destroyRetryMs },
    effects: [{ type: 'abortLaunch' }],
  };
}

export function endingStop(
  { at, reason }: { readonly at: number; readonly reason: StopReason },
  graceMs: number,
): Transition {
  return {
    state: { status: 'stopping', step: 'ending', reason, until: at + graceMs + destroyRetryMs },
    effects: [{ type: 'disconnect' }, { type: 'destroy', graceMs }],
  };
}

export function endingRestart(
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

export function stopped(reason: StopReason, at: number): Death {
  switch (reason) {
    case 'client':
      return { reason: 'stopped', message: 'The kernel was shut down.', at };
    case 'server':
      return { reason: 'stopped', message: 'The server was shut down with its kernels.', at };
    case 'culled':
      return { reason: 'culled', message: 'The kernel was shut down because it had been idle too long.', at };
  }
}

export function dead(death: Death, effects: readonly Effect[]): Transition {
  return { state: { status: 'dead', death }, effects };
}

export function unchanged(state: KernelState): Transition {
  return { state, effects: [] };
}
