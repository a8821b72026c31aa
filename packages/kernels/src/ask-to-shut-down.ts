import type { LifeChannels } from './life-channels.ts';
import type { Log } from './log.ts';
import type { ProvisionedKernel } from './provisioner.ts';

export interface AskToShutDownOptions {
  readonly kernelId: string;
  readonly restart: boolean;
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** Asks a kernel to end by itself. Never rejects: the deadline comes next, and it does not ask. */
export async function askToShutDown(
  provisioned: ProvisionedKernel | undefined,
  channels: Pick<LifeChannels, 'request'>,
  { kernelId, restart, signal, log }: AskToShutDownOptions,
): Promise<void> {
  try {
    if (provisioned?.requestShutdown) return await provisioned.requestShutdown(restart);
    // First, because a busy kernel may not read its control channel.
    await provisioned?.interrupt();
    await channels.request('control', 'shutdown_request', { restart }, { signal });
  } catch (error) {
    log.debug({ err: error, kernelId }, 'a kernel does not take its shutdown_request');
  }
}
