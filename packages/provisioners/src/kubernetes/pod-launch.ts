import { KernelError, type LaunchContext } from '@perijove/kernels';
import type { ClusterPods, PodListener } from './cluster-pods.ts';
import type { ClusterRoom } from './cluster-room.ts';
import type { LaunchEvents } from './launch-events.ts';
import { launchView, type LaunchView } from './launch-view.ts';
import { conditionOf, type Pod } from './pod.ts';
import { exitOfPod } from './pod-exit.ts';
import type { RoomView } from './room.ts';

export interface PodLaunchOptions {
  /** As it was made. */
  readonly pod: Pod;
  readonly image: string;
  readonly displayName: string;
  readonly unschedulable: 'refuse' | 'wait';
  readonly pods: ClusterPods;
  readonly events: LaunchEvents;
  readonly room: ClusterRoom;
  readonly context: LaunchContext;
}

/** While a pod waits for a node, seconds between two looks at how much room there is. */
const roomIntervalMs = 10_000;

/** Waits until a pod runs, and says meanwhile where it is. Rejects with the cluster's reason as soon as it is sure that it never will. */
export class PodLaunch implements PodListener {
  readonly podName: string;
  readonly uid: string | undefined;
  readonly #options: PodLaunchOptions;
  readonly #outcome: Promise<Pod>;
  #resolve: (pod: Pod) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  #pod: Pod;
  #room: RoomView | undefined;
  #roomTimer: NodeJS.Timeout | undefined;
  #isLooking = false;
  #told = '';

  constructor(options: PodLaunchOptions) {
    const { pod } = options;
    this.#options = options;
    this.#pod = pod;
    this.podName = pod.metadata.name;
    this.uid = pod.metadata.uid;
    this.#outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  async run(): Promise<Pod> {
    const { pods, events, context } = this.#options;
    const onAbort = (): void => this.#reject(failed('the start was cancelled', context.signal.reason));
    context.signal.addEventListener('abort', onAbort, { once: true });
    try {
      if (context.signal.aborted) onAbort();
      events.add(this.podName, () => this.#look());
      pods.add(this);
      this.#look();
      return await this.#outcome;
    } finally {
      context.signal.removeEventListener('abort', onAbort);
      clearTimeout(this.#roomTimer);
      pods.remove(this);
      events.remove(this.podName);
    }
  }

  seen(pod: Pod): void {
    this.#pod = pod;
    this.#look();
  }

  removed(last: Pod = this.#pod): void {
    const exit = exitOfPod(last, { isGone: true, isOurs: false });
    this.#reject(failed(exit?.message ?? 'its pod was removed'));
  }

  away(message: string): void {
    this.#tell({ type: 'waiting', phase: 'scheduling', message: `Waiting for the cluster: ${message}` });
  }

  back(): void {
    this.#told = '';
    this.#look();
  }

  #look(): void {
    const { image, displayName, unschedulable, events } = this.#options;
    const view = launchView({
      pod: this.#pod,
      events: events.of(this.podName),
      image,
      displayName,
      room: this.#room,
      unschedulable,
    });
    switch (view.type) {
      case 'running':
        this.#resolve(this.#pod);
        return;
      case 'failed':
        this.#reject(
          view.reason === 'neverFits'
            ? new KernelError('KERNEL_NEVER_FITS', `It does not fit into the cluster: ${view.message}`)
            : failed(view.message),
        );
        return;
      case 'ended':
        this.#reject(
          failed(exitOfPod(this.#pod, { isGone: true, isOurs: false })?.message ?? 'its pod has ended'),
        );
        return;
      case 'waiting':
        this.#tell(view);
        if (conditionOf(this.#pod, 'PodScheduled')?.status === 'False') void this.#lookForRoom();
    }
  }

  #tell(view: Extract<LaunchView, { type: 'waiting' }>): void {
    const said = `${view.phase} ${view.message} ${view.detail ?? ''}`;
    if (said === this.#told) return;
    this.#told = said;
    this.#options.context.report(view.phase, view.message, view.detail);
  }

  async #lookForRoom(): Promise<void> {
    if (this.#isLooking || this.#roomTimer !== undefined) return;
    this.#isLooking = true;
    const room = await this.#options.room.for(this.#pod);
    this.#isLooking = false;
    this.#room = room;
    this.#roomTimer = setTimeout(() => {
      this.#roomTimer = undefined;
      this.#look();
    }, roomIntervalMs).unref();
    this.#look();
  }
}

function failed(message: string, cause?: unknown): KernelError {
  return new KernelError('KERNEL_LAUNCH_FAILED', message, { cause });
}
