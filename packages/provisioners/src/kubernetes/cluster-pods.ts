import type { Log } from '@perijove/kernels';
import { ClusterRefusal, type ClusterClient } from './cluster-client.ts';
import { ListWatch } from './list-watch.ts';
import type { Pod } from './pod.ts';

/** Who wants to know of one pod. */
export interface PodListener {
  readonly podName: string;
  readonly uid: string | undefined;
  seen(pod: Pod): void;
  /** Its last words, if anybody heard them. */
  removed(last?: Pod): void;
  away(message: string): void;
  back(): void;
}

export interface ClusterPodsOptions {
  readonly client: ClusterClient;
  readonly namespace: string;
  readonly selector: string;
  readonly log: Log;
}

/** All pods of a server, by one watch for all of them: what a kernel costs the cluster's API is what changes about it. */
export class ClusterPods {
  readonly #options: ClusterPodsOptions;
  readonly #listeners = new Map<string, PodListener>();
  readonly #pods = new Map<string, Pod>();
  readonly #ending = new AbortController();
  #isRunning = false;
  #trouble: string | undefined;

  constructor(options: ClusterPodsOptions) {
    this.#options = options;
  }

  /** All that are known. */
  list(): readonly Pod[] {
    return [...this.#pods.values()];
  }

  /** Whether somebody looks after this pod. */
  isListenedTo(podName: string): boolean {
    return this.#listeners.has(podName);
  }

  add(listener: PodListener): void {
    this.#listeners.set(listener.podName, listener);
    this.start();
    const known = this.#pods.get(listener.podName);
    if (known && known.metadata.uid === listener.uid) listener.seen(known);
    if (this.#trouble !== undefined) listener.away(this.#trouble);
  }

  remove(listener: PodListener): void {
    if (this.#listeners.get(listener.podName) === listener) this.#listeners.delete(listener.podName);
  }

  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    const { client, namespace, selector, log } = this.#options;
    const watch = new ListWatch<Pod>({
      client,
      path: `/api/v1/namespaces/${namespace}/pods`,
      labelSelector: selector,
      onList: (pods) => this.#listed(pods),
      onChange: (type, pod) => (type === 'DELETED' ? this.#gone(pod) : this.#changed(pod)),
      onAway: (message) => {
        this.#trouble = message;
        log.warn({ place: client.place }, `${message}; kernels there go on`);
        for (const listener of this.#listeners.values()) listener.away(message);
      },
      onBack: () => {
        this.#trouble = undefined;
        log.info({ place: client.place }, "the cluster's API answers again");
        for (const listener of this.#listeners.values()) listener.back();
      },
      log,
    });
    void watch.run(this.#ending.signal);
  }

  close(): void {
    this.#ending.abort();
  }

  #listed(pods: readonly Pod[]): void {
    const names = new Set(pods.map(({ metadata }) => metadata.name));
    for (const name of this.#pods.keys()) if (!names.has(name)) this.#pods.delete(name);
    for (const pod of pods) this.#changed(pod);
    // What is not in the list is gone, or was made after it: the API says which.
    for (const listener of this.#listeners.values()) {
      if (!names.has(listener.podName)) void this.#ask(listener);
    }
  }

  async #ask(listener: PodListener): Promise<void> {
    const { client, namespace, log } = this.#options;
    try {
      const pod = await client.ask<Pod>('GET', `/api/v1/namespaces/${namespace}/pods/${listener.podName}`);
      if (pod.metadata.uid === listener.uid) this.#changed(pod);
      else this.#tellRemoved(listener);
    } catch (error) {
      if (error instanceof ClusterRefusal && error.status === 404) this.#tellRemoved(listener);
      else
        log.warn({ err: error, pod: listener.podName }, 'the cluster does not say what has become of a pod');
    }
  }

  #changed(pod: Pod): void {
    const { name, uid } = pod.metadata;
    this.#pods.set(name, pod);
    const listener = this.#listeners.get(name);
    if (listener?.uid === uid) listener?.seen(pod);
  }

  #gone(pod: Pod): void {
    const { name, uid } = pod.metadata;
    if (this.#pods.get(name)?.metadata.uid === uid) this.#pods.delete(name);
    const listener = this.#listeners.get(name);
    if (listener?.uid === uid) this.#tellRemoved(listener as PodListener, pod);
  }

  #tellRemoved(listener: PodListener, last?: Pod): void {
    this.remove(listener);
    listener.removed(last);
  }
}
