import { deathByExit } from './death.ts';
import type { KernelState } from './kernel-state.ts';
import type { LifecyclePolicy, Transition } from './lifecycle-events.ts';
import type { Exit } from './provisioner.ts';

/**
 * What becomes of a kernel whose server ended without a word, now that its place has said whether it is still there, or how
 * it ended, or that nothing is known of it. Pure.
 */
export function stateAfterCrash(
  state: KernelState,
  place: 'found' | 'gone' | Exit,
  { at, policy }: { readonly at: number; readonly policy: LifecyclePolicy },
): Transition {
  const destroying = { type: 'destroy', graceMs: policy.shutdownGraceMs / 2 } as const;
  switch (state.status) {
    case 'queued':
      if (state.step === 'waiting') return { state, effects: [] };
      return { state: { ...state, until: at + policy.shutdownGraceMs }, effects: [destroying] };
    case 'dead':
      return { state, effects: [] };
    case 'launching':
    case 'restarting': {
      if (state.step === 'asking' || state.step === 'ending') {
        return {
          state: { ...state, step: 'ending', until: at + policy.shutdownGraceMs },
          effects: [destroying],
        };
      }
      if (place === 'found') {
        return { state: { ...state, step: 'connecting', until: at + policy.replyTimeoutMs }, effects: [] };
      }
      return {
        state: { ...state, step: 'starting', until: at + policy.launchTimeoutMs },
        effects: [{ type: 'launch' }],
      };
    }
    case 'stopping':
      return {
        state: { ...state, step: 'ending', until: at + policy.shutdownGraceMs },
        effects: [destroying],
      };
    case 'running':
    case 'lost': {
      if (place === 'found') {
        const since = state.status === 'running' ? state.since : at;
        return { state: { status: 'running', since, restarts: state.restarts }, effects: [] };
      }
      // Not started anew: that is for when somebody was there to see it die.
      const death =
        place === 'gone'
          ? ({
              reason: 'unknown',
              message: 'The kernel ended while no server was watching it, so why is not known.',
              at,
            } as const)
          : deathByExit(place, at, 'The kernel ended while no server was watching it');
      return { state: { status: 'dead', death }, effects: [] };
    }
  }
}
