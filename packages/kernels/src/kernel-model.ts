import type { ExecutionState, KernelModel } from '@perijove/protocol';
import type { Wait } from './admission.ts';
import type { Death } from './death.ts';
import { queueOf } from './queue-model.ts';

/** A kernel as Jupyter's REST shows it. */
export function kernelModelOf(kernel: {
  readonly id: string;
  readonly name: string;
  readonly lastActivity: number;
  readonly executionState: ExecutionState;
  readonly connections: number;
  readonly death: Death | undefined;
  readonly wait: Wait | undefined;
}): KernelModel {
  const { id, name, lastActivity, executionState, connections, death, wait } = kernel;
  return {
    id,
    name,
    last_activity: toMicroseconds(lastActivity),
    execution_state: executionState,
    connections,
    ...(death === undefined ? {} : { reason: death.message, traceback: (death.lastLines ?? []).join('\n') }),
    ...(wait === undefined ? {} : { perijove: { phase: 'queued', ...queueOf(wait) } }),
  };
}

/** jupyter_server's form of a time; gateway clients parse it with `%Y-%m-%dT%H:%M:%S.%fZ`. */
function toMicroseconds(time: number): string {
  return new Date(time).toISOString().replace(/Z$/, '000Z');
}
