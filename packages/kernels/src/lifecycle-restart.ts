import { deathByFailedLaunch } from './death.ts';
import type { StateOf } from './kernel-state.ts';
import type { KernelEvent, LifecyclePolicy, Transition } from './lifecycle-events.ts';
import {
  aborting,
  dead,
  destroyRetryMs,
  diedBeforeReply,
  endingRestart,
  endingStop,
  running,
  timedOut,
  unchanged,
} from './lifecycle-steps.ts';

/** What an event makes of a kernel that is being started anew. */
export function whileRestarting(
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
