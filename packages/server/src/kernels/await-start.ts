import type { ServerResponse } from 'node:http';
import { KernelError, type Kernel, type KernelRegistry } from '@perijove/kernels';

/**
 * Resolves when the kernel is up, or after `waitMs`, while it is still starting. A start that failed is rejected with the
 * reason and leaves nothing behind. Neither does a client that goes away meanwhile: nobody else knows the kernel's id.
 */
export async function awaitStart(
  kernel: Pick<Kernel, 'id' | 'ready'> & { readonly isAlive: boolean },
  registry: Pick<KernelRegistry, 'get' | 'stop'>,
  { waitMs, isKnownToClient, response }: AwaitStartOptions,
): Promise<void> {
  const waiting = new AbortController();
  const timer = setTimeout(() => waiting.abort(), waitMs);
  const left = (): void => {
    if (!response.writableFinished) waiting.abort(clientLeft);
  };
  response.once('close', left);
  // Between the request and here, too.
  if (response.destroyed) left();
  try {
    await kernel.ready(waiting.signal);
  } catch (error) {
    if (waiting.signal.reason === clientLeft && !isKnownToClient) {
      await stopIfThere(kernel.id, registry);
      return;
    }
    if (waiting.signal.aborted && kernel.isAlive) return;
    await stopIfThere(kernel.id, registry);
    const message = error instanceof Error ? error.message : String(error);
    throw new KernelError('KERNEL_LAUNCH_FAILED', `The kernel could not be started: ${message}`, {
      cause: error,
    });
  } finally {
    clearTimeout(timer);
    response.off('close', left);
  }
}

export interface AwaitStartOptions {
  readonly waitMs: number;
  /** The client has chosen the id, so it can find the kernel again. */
  readonly isKnownToClient: boolean;
  readonly response: ServerResponse;
}

const clientLeft = new Error('the client went away');

async function stopIfThere(id: string, registry: Pick<KernelRegistry, 'get' | 'stop'>): Promise<void> {
  if (registry.get(id) !== undefined) await registry.stop(id, { force: true });
}
