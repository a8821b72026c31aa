import type { Log, MachineCapacity } from '@perijove/kernels';
import { parseQuantity } from '@perijove/protocol';
import { ClusterRefusal, type ClusterClient } from './cluster-client.ts';
import type { Node } from './pod.ts';

/** Nodes come and go, and are seldom another size. */
const maxAgeMs = 60_000;
/** After the cluster has said that this server may not see them. */
const forbiddenMs = 300_000;

/** What the nodes of the cluster are, for who may see them (a right on the whole cluster). */
export class ClusterNodes {
  readonly #client: Pick<ClusterClient, 'ask'>;
  readonly #log: Log;
  #known: Promise<readonly MachineCapacity[]> | undefined;
  #until = 0;

  constructor(client: Pick<ClusterClient, 'ask'>, log: Log) {
    this.#client = client;
    this.#log = log;
  }

  /** None, if they may not be seen or the API does not answer. */
  list(): Promise<readonly MachineCapacity[]> {
    if (!this.#known || performance.now() > this.#until) {
      this.#until = performance.now() + maxAgeMs;
      this.#known = this.#ask();
    }
    return this.#known;
  }

  async #ask(): Promise<readonly MachineCapacity[]> {
    try {
      const { items = [] } = await this.#client.ask<{ items?: Node[] }>('GET', '/api/v1/nodes');
      return items.map(({ metadata, status }) => ({
        name: metadata.name ?? '',
        capacity: {
          memoryBytes: parseQuantity(status?.allocatable?.['memory'] ?? 0),
          cpus: parseQuantity(status?.allocatable?.['cpu'] ?? 0),
        },
      }));
    } catch (error) {
      if (error instanceof ClusterRefusal) this.#until = performance.now() + forbiddenMs;
      this.#log.debug({ err: error }, 'the nodes cannot be seen');
      return [];
    }
  }
}
