import type { Log } from '@perijove/kernels';
import type { ClusterClient } from './cluster-client.ts';
import { ListWatch } from './list-watch.ts';
import type { ClusterEvent } from './pod.ts';

interface Listening {
  readonly onEvent: () => void;
  readonly events: ClusterEvent[];
}

/** Of one pod. */
const maxEvents = 50;

/** The cluster's events about pods that are being started: watched by one watch for all of them, while there are any. */
export class LaunchEvents {
  readonly #client: ClusterClient;
  readonly #path: string;
  readonly #log: Log;
  readonly #pods = new Map<string, Listening>();
  #watching: AbortController | undefined;

  constructor(client: ClusterClient, namespace: string, log: Log) {
    this.#client = client;
    this.#path = `/api/v1/namespaces/${namespace}/events`;
    this.#log = log;
  }

  /** Calls back when something is said of this pod. */
  add(podName: string, onEvent: () => void): void {
    this.#pods.set(podName, { onEvent, events: [] });
    if (this.#watching) return;
    this.#watching = new AbortController();
    const watch = new ListWatch<ClusterEvent>({
      client: this.#client,
      path: this.#path,
      fieldSelector: 'involvedObject.kind=Pod',
      onList: (events) => events.forEach((event) => this.#heard(event)),
      onChange: (type, event) => {
        if (type !== 'DELETED') this.#heard(event);
      },
      log: this.#log,
    });
    void watch.run(this.#watching.signal);
  }

  /** What was said of it, oldest first; what is said again is last. */
  of(podName: string): readonly ClusterEvent[] {
    return this.#pods.get(podName)?.events ?? [];
  }

  remove(podName: string): void {
    this.#pods.delete(podName);
    if (this.#pods.size === 0) this.close();
  }

  close(): void {
    this.#watching?.abort();
    this.#watching = undefined;
  }

  #heard(event: ClusterEvent): void {
    const listening = this.#pods.get(event.involvedObject?.name ?? '');
    if (!listening) return;
    const { events, onEvent } = listening;
    const known = events.findIndex(({ metadata }) => metadata.uid === event.metadata.uid);
    if (known >= 0) events.splice(known, 1);
    events.push(event);
    if (events.length > maxEvents) events.shift();
    onEvent();
  }
}
