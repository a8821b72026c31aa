import type { Usage } from '@perijove/kernels';
import { formatMemory } from '@perijove/protocol';
import type { OutOfMemory } from './confinement.ts';
import { Watch } from './watch.ts';

interface PressedKernel {
  /** What is kept for it. */
  readonly requestBytes: number;
  usage(): Promise<Usage | undefined>;
  endForMemory(reason: OutOfMemory): Promise<void>;
}

export interface MemoryPressureOptions {
  /** Less than that available, and a kernel is ended. 0: none ever is. */
  readonly lowBytes: number;
  readonly intervalMs: number;
  readonly kernels: () => Iterable<PressedKernel>;
  readonly available: () => Promise<number | undefined>;
  readonly onError: (error: unknown) => void;
}

/**
 * Ends kernels before the machine runs out of memory, which it would tell by swapping: those that use more than is kept for
 * them, the one that does most first, as many as it takes. Who keeps within what was asked for is never ended.
 */
export class MemoryPressure {
  readonly #options: MemoryPressureOptions;
  readonly #watch: Watch;
  #stop: (() => void) | undefined;

  constructor(options: MemoryPressureOptions) {
    this.#options = options;
    this.#watch = new Watch(() => options.intervalMs, options.onError);
  }

  start(): void {
    if (this.#options.lowBytes > 0) this.#stop ??= this.#watch.add(() => this.#look());
  }

  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  async #look(): Promise<void> {
    const { available, kernels, lowBytes } = this.#options;
    const left = await available();
    if (left === undefined || left >= lowBytes) return;
    const uses = await Promise.all(
      [...kernels()].map(async (kernel) => ({ kernel, used: (await kernel.usage())?.memoryBytes ?? 0 })),
    );
    let then = left;
    while (then < lowBytes) {
      const victim = mostOver(uses.map(({ kernel, used }) => ({ used, requested: kernel.requestBytes })));
      const [chosen] = victim === undefined ? [] : uses.splice(victim, 1);
      if (!chosen) return;
      const { kernel, used } = chosen;
      then += used;
      await kernel.endForMemory(
        `out of memory: ${formatMemory(left)} were left for all, and this kernel used ${formatMemory(used)}, of which ${formatMemory(kernel.requestBytes)} was kept for it`,
      );
    }
  }
}

/** Which uses most beyond what was asked for; undefined if none does. */
export function mostOver(
  uses: readonly { readonly used: number; readonly requested: number }[],
): number | undefined {
  let most: number | undefined;
  let mostBytes = 0;
  for (const [index, { used, requested }] of uses.entries()) {
    if (used - requested <= mostBytes) continue;
    most = index;
    mostBytes = used - requested;
  }
  return most;
}
