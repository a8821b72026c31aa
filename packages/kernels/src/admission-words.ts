import { KernelError } from './kernel-error.ts';
import type { Decision, Shortage, Wait } from './admission.ts';

/** Why a start waits and what would end that, for people. */
export function waitInWords({ position, queued, shortage, wouldFree }: Wait): string {
  const place = queued === 1 ? 'The only one in the queue' : `Number ${position} of ${queued} in the queue`;
  const room =
    wouldFree.length === 0
      ? ''
      : wouldFree.length === 1
        ? ' Shutting down your other kernel would make room.'
        : ` Shutting down one of ${wouldFree.length} other kernels of yours would make room.`;
  return `${place}: ${shortageInWords(shortage)}${room}`;
}

/** Refuses a start; undefined for what is no refusal. */
export function refusalOf(decision: Decision): KernelError | undefined {
  switch (decision.type) {
    case 'neverFits':
      return new KernelError('KERNEL_NEVER_FITS', neverFitsInWords(decision.shortage));
    case 'queueFull':
      return decision.of === 'all'
        ? new KernelError(
            'KERNEL_QUEUE_FULL',
            `There is no room for another kernel, and ${decision.queued} wait already. Try again later.`,
          )
        : new KernelError(
            'KERNEL_TOO_MANY_QUEUED',
            `There is no room for another kernel, and ${decision.queued} of yours wait already. Cancel one, or shut one down.`,
          );
    default:
      return undefined;
  }
}

export function neverFitsInWords(shortage: Exclude<Shortage, { what: 'turn' }>): string {
  const { needs, total } = shortage;
  const { needed, all } = quantitiesOf(shortage.what, needs, total);
  return `The kernel can never start here: it asks for ${needed}, and all kernels together may have ${all}.`;
}

function shortageInWords(shortage: Shortage): string {
  if (shortage.what === 'turn') return 'there is room, but a kernel that needs more has waited for longer.';
  const { what, needs, free, total } = shortage;
  switch (what) {
    case 'kernels':
      return total === 1
        ? 'the one kernel that may run at a time is there.'
        : `all ${total} kernels that may run at a time are there.`;
    case 'kernelsOfUser':
      return total === 1
        ? 'you have the one kernel that a user may have at a time.'
        : `you have the ${total} kernels that a user may have at a time.`;
    default: {
      const { needed, all } = quantitiesOf(what, needs, total);
      const { all: left } = quantitiesOf(what, needs, free);
      return `it needs ${needed}; ${left} of ${all} is free.`;
    }
  }
}

function quantitiesOf(
  what: Exclude<Shortage, { what: 'turn' }>['what'],
  needs: number,
  total: number,
): { readonly needed: string; readonly all: string } {
  if (what === 'memory') return { needed: `${inGib(needs)} of memory`, all: inGib(total) };
  if (what === 'cpus') return { needed: `${inCpus(needs)} processors`, all: inCpus(total) };
  return { needed: String(needs), all: String(total) };
}

function inGib(bytes: number): string {
  const gib = bytes / 2 ** 30;
  return gib >= 0.1 || bytes === 0 ? `${gib.toFixed(1)} GiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

function inCpus(cpus: number): string {
  return String(Math.round(cpus * 100) / 100);
}
