import { deathByFailedLaunch } from './death.ts';
import type { KernelState, StateOf } from './kernel-state.ts';
import type { KernelEvent, LifecyclePolicy, Transition } from './lifecycle-events.ts';
import { whileRestarting } from './lifecycle-restart.ts';
import {
  aborting,
  begin,
  dead,
  destroyRetryMs,
  died,
  diedBeforeReply,
  endingRestart,
  endingStop,
  running,
  stopped,
  timedOut,
  unchanged,
} from './lifecycle-steps.ts';

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

function whileQueued(state: StateOf<'queued'>, event: KernelEvent, policy: LifecyclePolicy): Transition {
  if (state.step === 'ending') return whileRemainsEnd(state, event);
  switch (event.type) {
    case 'admitted':
      return begin(event.at, policy);
    case 'refused':
      return dead({ reason: 'neverFits', message: event.message, at: event.at }, [{ type: 'closeClients' }]);
    case 'stopRequested':
      return dead(stopped(event.reason, event.at), [{ type: 'closeClients' }]);
    case 'launched':
      // A launch that was given up before it died came through after all.
      return {
        state: { status: 'queued', step: 'ending', until: event.at + destroyRetryMs },
        effects: [{ type: 'destroy', graceMs: 0 }],
      };
    default:
      return unchanged(state);
  }
}

/** A dead kernel is to be started again: first nothing may be left of it, then it waits for room like any other. */
function whileRemainsEnd(
  state: Extract<StateOf<'queued'>, { step: 'ending' }>,
  event: KernelEvent,
): Transition {
  switch (event.type) {
    case 'destroyed':
      return { state: { status: 'queued', step: 'waiting' }, effects: [] };
    case 'deadline':
      return {
        state: { ...state, until: event.at + destroyRetryMs },
        effects: [{ type: 'destroy', graceMs: 0 }],
      };
    case 'stopRequested':
      return event.force
        ? endingStop(event, 0)
        : {
            state: { status: 'stopping', step: 'ending', reason: event.reason, until: state.until },
            effects: [],
          };
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
      return {
        state: { status: 'queued', step: 'ending', until: event.at + destroyRetryMs },
        effects: [
          { type: 'announce', state: 'starting' },
          { type: 'disconnect' },
          { type: 'destroy', graceMs: 0 },
        ],
      };
    case 'launched':
      // A launch that was given up came through after all.
      return { state, effects: [{ type: 'destroy', graceMs: 0 }] };
    default:
      return unchanged(state);
  }
}
