import type { Exit } from '@perijove/kernels';
import type { RecordedEnd } from './supervising-shell.ts';

export interface ObservedEnd {
  /** What the supervising shell wrote; undefined if it was killed itself. */
  readonly recorded: RecordedEnd | undefined;
  readonly isDestroyed: boolean;
  /** Why it was killed for want of memory; undefined: it was not, as far as anybody knows. */
  readonly outOfMemory: string | undefined;
  readonly lastLines: readonly string[];
}

/** Says how a kernel ended: what is known, and no more. */
export function kernelExit({ recorded, isDestroyed, outOfMemory, lastLines }: ObservedEnd): Exit {
  const lines = lastLines.length > 0 ? { lastLines } : {};
  if (outOfMemory !== undefined && !isDestroyed) {
    const { code: _code, ...ended } = describe(recorded);
    return { signal: 'SIGKILL', ...ended, reason: 'outOfMemory', message: outOfMemory, ...lines };
  }
  if (isDestroyed && recorded === undefined) {
    return { reason: 'destroyed', signal: 'SIGKILL', message: 'ended by force', ...lines };
  }
  const ended = describe(recorded);
  if (isDestroyed) return { ...ended, reason: 'destroyed', ...lines };
  return { ...ended, ...lines };
}

function describe(recorded: RecordedEnd | undefined): Exit {
  switch (recorded?.kind) {
    case undefined:
      return {
        reason: 'unknown',
        message: 'gone without a trace: the shell that watched it was killed, and the kernel with it',
      };
    case 'exited':
      return { reason: 'exited', code: recorded.code, message: `exited with code ${recorded.code}` };
    case 'notExecuted':
      return { reason: 'exited', code: 127, message: `could not be executed: ${recorded.reason}` };
    case 'signalled': {
      const name = recorded.signal ?? String(recorded.number);
      const hint = recorded.signal === 'SIGKILL' ? ', by somebody, or by the system for want of memory' : '';
      return {
        reason: 'exited',
        ...(recorded.signal ? { signal: recorded.signal } : {}),
        message: `killed by signal ${name}${hint}`,
      };
    }
  }
}
