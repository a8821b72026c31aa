import type { Log } from '@perijove/kernels';
import { ClusterRefusal, type ClusterClient } from './cluster-client.ts';
import type { Node, Pod } from './pod.ts';
import { roomFor, type RoomView } from './room.ts';

/** Older numbers are asked for again, while somebody waits. */
const maxAgeMs = 5000;
/** After the cluster has said that this server may not see its nodes. */
const forbiddenMs = 300_000;
/** Of a cluster with more pods only their scheduler knows how full it is. */
const maxPods = 5000;

interface Numbers {
  readonly at: number;
  readonly nodes: readonly Node[];
  readonly pods: readonly Pod[];
}

/**
 * How much room the nodes have. To see them takes rights on the whole cluster (list nodes and pods), which a server need not have:
 * without them the scheduler's words do.
 */
export class ClusterRoom {
  readonly #client: ClusterClient;
  readonly #log: Log;
  #numbers: Promise<Numbers | undefined> | undefined;
  #askedAt = 0;
  #forbiddenUntil = 0;

  constructor(client: ClusterClient, log: Log) {
    this.#client = client;
    this.#log = log;
  }

  async for(pod: Pod): Promise<RoomView | undefined> {
    const numbers = await this.#look();
    return numbers && roomFor(pod, numbers.nodes, numbers.pods);
  }

  #look(): Promise<Numbers | undefined> {
    const now = Date.now();
    if (now < this.#forbiddenUntil) return Promise.resolve(undefined);
    if (!this.#numbers || now - this.#askedAt > maxAgeMs) {
      this.#askedAt = now;
      this.#numbers = this.#ask(now);
    }
    return this.#numbers;
  }

  async #ask(at: number): Promise<Numbers | undefined> {
    try {
      const [nodes, pods] = await Promise.all([
        this.#client.ask<{ items?: Node[] }>('GET', '/api/v1/nodes', { query: { limit: maxPods } }),
        this.#client.ask<{ items?: Pod[]; metadata?: { continue?: string } }>('GET', '/api/v1/pods', {
          query: { fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed', limit: maxPods },
        }),
      ]);
      if (pods.metadata?.continue) return undefined;
      return { at, nodes: nodes.items ?? [], pods: pods.items ?? [] };
    } catch (error) {
      if (error instanceof ClusterRefusal) this.#forbiddenUntil = at + forbiddenMs;
      this.#log.debug({ err: error }, 'how much room the nodes have cannot be seen');
      return undefined;
    }
  }
}
