import { Type, type Static } from 'typebox';
import { KernelError } from './kernel-error.ts';
import type { Exit } from './provisioner.ts';

export const deathReasons = [
  'exited',
  'outOfMemory',
  'evicted',
  'nodeLost',
  'imageUnavailable',
  'destroyed',
  'neverFits',
  'launchFailed',
  'launchTimeout',
  'noReply',
  'culled',
  'stopped',
  'unknown',
] as const;
export type DeathReason = (typeof deathReasons)[number];

/** Why a kernel is dead: a word for programs, a sentence for people, and what it last wrote to its standard error. */
export const Death = Type.Object({
  reason: Type.Enum(deathReasons),
  message: Type.String(),
  /** Milliseconds since the epoch. */
  at: Type.Number(),
  code: Type.Optional(Type.Integer()),
  signal: Type.Optional(Type.String()),
  lastLines: Type.Optional(Type.Array(Type.String())),
});
export type Death = Static<typeof Death>;

/** The death of a kernel whose place reports its end. `context` says when it happened, if that explains something. */
export function deathByExit(exit: Exit, at: number, context = 'The kernel ended'): Death {
  return {
    reason: exit.reason,
    message: sentence(`${context}: ${exit.message}`),
    at,
    ...(exit.code === undefined ? {} : { code: exit.code }),
    ...(exit.signal === undefined ? {} : { signal: exit.signal }),
    ...(exit.lastLines === undefined ? {} : { lastLines: [...exit.lastLines] }),
  };
}

/** The death of a kernel that was never started. */
export function deathByFailedLaunch(error: KernelError, at: number): Death {
  return { reason: 'launchFailed', message: sentence(error.message), at };
}

/** What somebody is told who waits for that kernel. */
export function deathAsError(id: string, death: Death): KernelError {
  switch (death.reason) {
    case 'launchFailed':
      return new KernelError('KERNEL_LAUNCH_FAILED', death.message);
    case 'neverFits':
      return new KernelError('KERNEL_NEVER_FITS', death.message);
    case 'launchTimeout':
      return new KernelError('KERNEL_LAUNCH_TIMEOUT', death.message);
    case 'noReply':
      return new KernelError('KERNEL_NO_REPLY', death.message);
    default:
      return new KernelError('KERNEL_DEAD', `Kernel ${id} is dead: ${death.message}`);
  }
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
