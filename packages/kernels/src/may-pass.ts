import type { KernelError } from './kernel-error.ts';
import type { Exit } from './provisioner.ts';

/** A port that was free when it was chosen and taken when the kernel bound it: jupyter_client's known race. */
const portTaken = /address already in use|address in use|EADDRINUSE|only one usage of each socket address/i;

/** Whether what ended a kernel before its first reply may not end the next one. */
export function exitMayPass(exit: Exit): boolean {
  if (exit.reason === 'evicted' || exit.reason === 'nodeLost') return true;
  return exit.reason === 'exited' && (exit.lastLines ?? []).some((line) => portTaken.test(line));
}

const passingCodes = new Set(['EADDRINUSE', 'EAGAIN', 'EMFILE', 'ECONNRESET', 'ETIMEDOUT']);

/** Whether a launch that was rejected may go better next time. A missing executable will be missing again. */
export function launchErrorMayPass(error: KernelError): boolean {
  const code = (error.cause as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' && passingCodes.has(code);
}
