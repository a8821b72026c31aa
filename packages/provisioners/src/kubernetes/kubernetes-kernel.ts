import { setTimeout as delay } from 'node:timers/promises';
import type {
  Exit,
  KernelConnection,
  PlaceNews,
  ProvisionedHandle,
  ProvisionedKernel,
  Usage,
} from '@perijove/kernels';
import { parseQuantity } from '@perijove/protocol';
import { ClusterRefusal, ClusterUnreachable, type ClusterClient } from './cluster-client.ts';
import { kernelContainer, type Pod } from './pod.ts';
import { execInPod } from './pod-exec.ts';
import { exitOfPod } from './pod-exit.ts';
import { annotations } from './pod-manifest.ts';
import type { PodUsage } from './pod-usage.ts';

export interface KubernetesKernelOptions {
  readonly client: ClusterClient;
  readonly kernelId: string;
  readonly namespace: string;
  readonly pod: Pod;
  readonly connection: KernelConnection;
  /** What a pod uses, where the cluster says it. */
  readonly usageOf: PodUsage['of'];
  /** Nothing more of it has to be looked after. */
  readonly onGone: (kernel: KubernetesKernel) => void;
}

/** Lines of a dead kernel's log that are told. */
const lineCount = 20;
/** The cluster removes a pod when its node says that it has ended; after this time beyond the grace it is removed without the node. */
const removalSlackMs = 10_000;
/** And this long it may take until it is gone then. */
const forcedRemovalMs = 20_000;

/** A kernel that is a pod. */
export class KubernetesKernel implements ProvisionedKernel {
  readonly handle: ProvisionedHandle;
  readonly connection: KernelConnection;
  readonly exited: Promise<Exit>;
  readonly #options: KubernetesKernelOptions;
  readonly #gone: Promise<void>;
  #settle: (exit: Exit) => void = () => undefined;
  #setGone: () => void = () => undefined;
  #pod: Pod;
  #isDestroying = false;
  #isNodeLost = false;
  #isEnding = false;
  #away: string | undefined;
  /** What its pod does not say yet. */
  #note: string | undefined;
  #noting: Promise<void> = Promise.resolve();
  #tellPlace: (news: PlaceNews) => void = () => undefined;

  constructor(options: KubernetesKernelOptions) {
    const { kernelId, namespace, pod, connection } = options;
    this.#options = options;
    this.#pod = pod;
    this.connection = connection;
    this.exited = new Promise((resolve) => (this.#settle = resolve));
    this.#gone = new Promise((resolve) => (this.#setGone = resolve));
    this.handle = handleOf(pod, kernelId, namespace);
    this.seen(pod);
  }

  get podName(): string {
    return this.#pod.metadata.name;
  }

  get uid(): string | undefined {
    return this.#pod.metadata.uid;
  }

  /** The cluster tells of its pod. */
  seen(pod: Pod): void {
    this.#pod = pod;
    this.#look({ isGone: false });
  }

  /** The cluster tells that its pod is no more; its last words, if there are any. */
  removed(last: Pod = this.#pod): void {
    this.#pod = last;
    this.#look({ isGone: true });
    this.#setGone();
    this.#options.onGone(this);
  }

  away(message: string): void {
    if (this.#away !== undefined) return;
    this.#away = message;
    this.#tellPlace({ type: 'lost', message });
  }

  back(): void {
    if (this.#away === undefined) return;
    this.#away = undefined;
    this.#tellPlace({ type: 'found' });
    // What fails again stays for the next time.
    this.#sendNote().catch(() => undefined);
  }

  /** As an annotation of the pod. */
  async keep(note: string): Promise<void> {
    if (this.#pod.metadata.annotations?.[annotations.note] === note && this.#note === undefined) return;
    this.#note = note;
    try {
      await this.#sendNote();
    } catch (error) {
      if (!(error instanceof ClusterUnreachable)) throw error;
    }
  }

  /** One at a time, so that the last one counts. */
  #sendNote(): Promise<void> {
    const sending = this.#noting.then(async () => {
      const note = this.#note;
      if (note === undefined || this.#isDestroying) return;
      await this.#options.client.ask('PATCH', this.#path, {
        contentType: 'application/merge-patch+json',
        body: { metadata: { annotations: { [annotations.note]: note } } },
      });
      if (this.#note === note) this.#note = undefined;
    });
    this.#noting = sending.catch(() => undefined);
    return sending;
  }

  watchPlace(listener: (news: PlaceNews) => void): void {
    this.#tellPlace = listener;
    if (this.#away !== undefined) listener({ type: 'lost', message: this.#away });
  }

  /** By signal, as a terminal would. The kernel is process 1 of its container. */
  interrupt(): Promise<void> {
    return execInPod(this.#options.client, this.#path, ['/bin/sh', '-c', 'kill -INT 1']);
  }

  async destroy(graceMs: number): Promise<void> {
    this.#isDestroying = true;
    const seconds = Math.ceil(graceMs / 1000);
    // 0 would take the pod out of the API at once, and leave the container to a node that nobody asks any more.
    await this.#delete(this.#isNodeLost ? 0 : Math.max(1, seconds));
    if (await this.#isGoneWithin(graceMs + removalSlackMs)) return;
    await this.#delete(0);
    if (await this.#isGoneWithin(forcedRemovalMs)) return;
    throw new Error(`the cluster does not remove the pod ${this.podName}`);
  }

  async usage(): Promise<Usage | undefined> {
    const reading = await this.#options.usageOf(this.podName);
    if (!reading) return undefined;
    const container = this.#pod.spec?.containers?.find(({ name }) => name === kernelContainer);
    const { memory, cpu } = container?.resources?.limits ?? {};
    return {
      ...reading,
      ...(memory === undefined ? {} : { memoryLimitBytes: parseQuantity(memory) }),
      ...(cpu === undefined ? {} : { cpus: parseQuantity(cpu) }),
    };
  }

  async logs(): Promise<readonly string[]> {
    const { client } = this.#options;
    const text = await client.text('GET', `${this.#path}/log`, {
      query: { container: kernelContainer, tailLines: lineCount, limitBytes: 65_536 },
    });
    return text.split('\n').filter((line) => line !== '');
  }

  async #isGoneWithin(ms: number): Promise<boolean> {
    const timeout = new AbortController();
    const isGone = await Promise.race([
      this.#gone.then(() => true),
      delay(ms, false, { signal: timeout.signal }).catch(() => false),
    ]);
    timeout.abort();
    return isGone;
  }

  async #delete(gracePeriodSeconds: number): Promise<void> {
    try {
      await this.#options.client.ask('DELETE', this.#path, {
        body: {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          gracePeriodSeconds,
          preconditions: { uid: this.uid },
        },
      });
    } catch (error) {
      // Gone already; or another of the same name, which is not ours to end.
      if (!(error instanceof ClusterRefusal && (error.status === 404 || error.status === 409))) throw error;
      this.removed();
    }
  }

  #look({ isGone }: { readonly isGone: boolean }): void {
    if (this.#isEnding) return;
    const exit = exitOfPod(this.#pod, { isGone, isOurs: this.#isDestroying });
    if (exit === undefined) return;
    this.#isEnding = true;
    this.#isNodeLost = exit.reason === 'nodeLost';
    void this.#end(exit, isGone);
  }

  async #end(exit: Exit, isGone: boolean): Promise<void> {
    // Of a pod that is gone, or whose node is, nobody has the log any more.
    const lines =
      isGone || exit.reason === 'nodeLost' || this.#isDestroying ? [] : await this.logs().catch(() => []);
    this.#settle({ ...exit, ...(lines.length > 0 ? { lastLines: lines } : {}) });
  }

  get #path(): string {
    const { namespace } = this.#options;
    return `/api/v1/namespaces/${namespace}/pods/${this.podName}`;
  }
}

export function handleOf({ metadata, spec }: Pod, kernelId: string, namespace: string): ProvisionedHandle {
  return {
    provisioner: 'kubernetes',
    kernelId,
    namespace,
    pod: metadata.name,
    uid: metadata.uid,
    node: spec?.nodeName,
    image: spec?.containers?.find(({ name }) => name === kernelContainer)?.image,
  };
}
