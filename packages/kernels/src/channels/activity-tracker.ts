import { peekHeader, peekString, type ExecutionState, type RawMessage } from '@perijove/protocol';

// Housekeeping of clients and kernels (jupyter_server, MappingKernelManager.untracked_message_types): it neither keeps a
// kernel from being culled nor makes it look busy.
const untracked = new Set([
  'comm_info_request',
  'comm_info_reply',
  'kernel_info_request',
  'kernel_info_reply',
  'shutdown_request',
  'shutdown_reply',
  'interrupt_request',
  'interrupt_reply',
  'debug_request',
  'debug_reply',
  'stream',
  'display_data',
  'update_display_data',
  'execute_input',
  'execute_result',
  'error',
  'status',
  'clear_output',
  'debug_event',
  'input_request',
  'input_reply',
  // Not in jupyter_server's list, which is older: the kernel greets each subscriber.
  'iopub_welcome',
]);

const states = new Set(['starting', 'idle', 'busy', 'restarting', 'autorestarting', 'terminating', 'dead']);

/** When a kernel was last used, and its `execution_state`, from what it says on iopub. */
export class ActivityTracker {
  lastActivity: number;
  executionState: ExecutionState = 'starting';
  /** What is known is from an earlier process, and nothing that was heard since says otherwise. */
  #isRestored = false;

  constructor(now: number) {
    this.lastActivity = now;
  }

  /** Returns whether anything of this changed. */
  see(message: RawMessage, msgType: string, now: number): boolean {
    if (msgType !== 'status') {
      if (this.executionState !== 'busy' && untracked.has(msgType)) return false;
      this.lastActivity = now;
      return true;
    }
    const state = peekString(message.content, 'execution_state');
    if (!states.has(state)) return false;
    const parentType = peekHeader(message.parentHeader)?.msgType ?? '';
    const isTracked = parentType !== '' && !untracked.has(parentType);
    if (isTracked) this.#isRestored = false;
    if (isTracked || this.executionState === 'busy') this.lastActivity = now;
    if (isTracked) this.executionState = state as ExecutionState;
    // A kernel that says anything but `starting` has started, whatever made it say so.
    else if (this.executionState === 'starting' && state !== 'starting') this.executionState = 'idle';
    else return this.executionState === 'busy';
    return true;
  }

  /** What an earlier process knew of this kernel. */
  restore(lastActivity: number, executionState: ExecutionState): void {
    this.lastActivity = lastActivity;
    this.executionState = executionState;
    this.#isRestored = true;
  }

  /**
   * A question on shell was answered, so what was computed before is done, whether or not anybody heard it end. Returns
   * whether that was news.
   */
  shellAnswered(now: number): boolean {
    if (!this.#isRestored) return false;
    this.#isRestored = false;
    if (this.executionState !== 'busy') return false;
    this.executionState = 'idle';
    this.lastActivity = now;
    return true;
  }

  announce(state: ExecutionState, now: number): void {
    this.#isRestored = false;
    this.executionState = state;
    this.lastActivity = now;
  }
}
