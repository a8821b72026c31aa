import type { ExecutionState } from '@perijove/protocol';
import type { KernelState } from './kernel-state.ts';

/** The word on the Jupyter wire for a kernel in this state whose own last status was `heard`. */
export function executionStateOf(state: KernelState, heard: ExecutionState): ExecutionState {
  switch (state.status) {
    case 'queued':
    case 'launching':
      return 'starting';
    case 'running':
    case 'lost':
      // A kernel that has answered is up, whether or not its first `idle` was heard.
      return heard === 'busy' ? 'busy' : 'idle';
    case 'restarting':
      return 'restarting';
    case 'stopping':
      return 'terminating';
    case 'dead':
      return 'dead';
  }
}
