import type { Log } from '@perijove/kernels';
import type { ClusterPods } from './cluster-pods.ts';
import { orphansOf, type Unheld } from './orphans.ts';
import type { Pod } from './pod.ts';

export interface OrphanWatchOptions {
  readonly pods: ClusterPods;
  readonly afterMs: number;
  /** It is being made. */
  readonly isLaunching: (podName: string) => boolean;
  readonly remove: (pod: Pod) => Promise<void>;
  readonly log: Log;
}

/** Removes pods of this server that none of its kernels has: what a crash, or a cluster that did not answer, has left. */
export class OrphanWatch {
  readonly #options: OrphanWatchOptions;
  #timer: NodeJS.Timeout | undefined;
  #unheld: Unheld = new Map();

  constructor(options: OrphanWatchOptions) {
    this.#options = options;
  }

  /** Only once all kernels of former servers have been found. It asks the cluster nothing: the watch of pods knows them all. */
  start(): void {
    const { pods, afterMs } = this.#options;
    pods.start();
    this.#timer ??= setInterval(() => this.#look(), afterMs / 2).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const { pods, afterMs, isLaunching } = this.#options;
    const { orphans, unheld } = orphansOf(pods.list(), this.#unheld, {
      isHeld: (name) => isLaunching(name) || pods.isListenedTo(name),
      at: Date.now(),
      afterMs,
    });
    this.#unheld = unheld;
    for (const pod of orphans) void this.#remove(pod);
  }

  async #remove(pod: Pod): Promise<void> {
    const { log, remove } = this.#options;
    const { name } = pod.metadata;
    log.warn({ pod: name }, 'this pod is of no kernel, and is removed');
    try {
      await remove(pod);
    } catch (error) {
      log.error({ err: error, pod: name }, 'a pod that is of no kernel cannot be removed');
    }
  }
}
