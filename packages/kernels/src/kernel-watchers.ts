import { deathAsError, type Death } from './death.ts';
import { KernelError } from './kernel-error.ts';
import type { KernelState } from './kernel-state.ts';

/** What a watcher is shown. */
export interface WatchedKernel {
  readonly id: string;
  readonly state: KernelState;
  /** It stands in the queue, and there is no room for it. */
  readonly isHeldUp: boolean;
  /** That it runs is written down: the next server would find it running. */
  readonly isRunning: boolean;
}

/** Those who wait for a kernel to come or go. */
export class KernelWatchers {
  readonly #kernel: WatchedKernel;
  readonly #watchers = new Set<() => void>();

  constructor(kernel: WatchedKernel) {
    this.#kernel = kernel;
  }

  /** Something about the kernel has changed. */
  look(): void {
    for (const watcher of this.#watchers) watcher();
  }

  /** See `Kernel.ready`. `orHeldUp`: resolves also when the kernel has to wait for room. */
  ready(signal: AbortSignal, { orHeldUp = false }: { readonly orHeldUp?: boolean } = {}): Promise<void> {
    const { id } = this.#kernel;
    return new Promise((resolve, reject) => {
      const watcher = (): void => {
        const { state, isRunning, isHeldUp } = this.#kernel;
        if (isRunning || (orHeldUp && isHeldUp)) settle(resolve);
        else if (state.status === 'dead') settle(() => reject(deathAsError(id, state.death)));
        else if (state.status === 'stopping') {
          settle(() => reject(new KernelError('KERNEL_STOPPING', `Kernel ${id} is being shut down`)));
        }
      };
      const onAbort = (): void =>
        settle(() => reject(new KernelError('KERNEL_NO_REPLY', `Kernel ${id} has not answered in time`)));
      const settle = (how: () => void): void => {
        this.#watchers.delete(watcher);
        signal.removeEventListener('abort', onAbort);
        how();
      };
      this.#watchers.add(watcher);
      signal.addEventListener('abort', onAbort);
      watcher();
      if (signal.aborted) onAbort();
    });
  }

  /** Resolves with the reason when the kernel is dead. */
  died(): Promise<Death> {
    return new Promise((resolve) => {
      const watcher = (): void => {
        const { state } = this.#kernel;
        if (state.status !== 'dead') return;
        this.#watchers.delete(watcher);
        resolve(state.death);
      };
      this.#watchers.add(watcher);
      watcher();
    });
  }
}
