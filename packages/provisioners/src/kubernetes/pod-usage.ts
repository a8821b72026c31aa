import type { Log, Usage } from '@perijove/kernels';
import { parseQuantity } from '@perijove/protocol';
import { ClusterRefusal, type ClusterClient } from './cluster-client.ts';
import { kernelContainer, type ResourceList } from './pod.ts';

/** What is read of a PodMetrics (Kubernetes API reference, "metrics.k8s.io/v1beta1"). */
interface PodMetrics {
  readonly metadata: { readonly name: string };
  readonly containers?: readonly { readonly name: string; readonly usage?: ResourceList }[];
}

export interface PodUsageOptions {
  readonly client: Pick<ClusterClient, 'ask'>;
  readonly namespace: string;
  /** Of all pods of this server. */
  readonly selector: string;
  /** Milliseconds between two looks, as long as somebody asks. 0: never. */
  readonly everyMs: number;
  readonly log: Log;
  /** Monotonic, in milliseconds. */
  readonly now?: () => number;
}

interface Reading {
  readonly at: number;
  readonly memoryBytes: number;
  readonly cpus: number;
  /** Up to `at`, since it was first seen. */
  readonly cpuSeconds: number;
}

/** After the cluster has said that it has no metrics, or not for us. */
const refusedMs = 300_000;

/**
 * What pods use, as the cluster measures it: one request for all of them, and only now and then. Metrics are an addition
 * (metrics-server) that a cluster need not have; without it nothing is known.
 */
export class PodUsage {
  readonly #options: PodUsageOptions;
  readonly #now: () => number;
  #readings = new Map<string, Reading>();
  #looking: Promise<void> | undefined;
  #nextAt = 0;

  constructor(options: PodUsageOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  async of(podName: string): Promise<Pick<Usage, 'memoryBytes' | 'cpuSeconds'> | undefined> {
    if (this.#options.everyMs === 0) return undefined;
    if (this.#now() >= this.#nextAt) {
      this.#nextAt = this.#now() + this.#options.everyMs;
      this.#looking = this.#look();
    }
    await this.#looking;
    const reading = this.#readings.get(podName);
    if (!reading) return undefined;
    // The cluster tells a rate: what it has come to since then is what that makes of the time.
    const { memoryBytes, cpuSeconds, cpus, at } = reading;
    return { memoryBytes, cpuSeconds: cpuSeconds + (cpus * (this.#now() - at)) / 1000 };
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    const { client, namespace, selector, log } = this.#options;
    try {
      const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods`;
      const { items = [] } = await client.ask<{ items?: PodMetrics[] }>('GET', path, {
        query: { labelSelector: selector },
      });
      this.#take(items);
    } catch (error) {
      if (error instanceof ClusterRefusal) {
        this.#readings.clear();
        this.#nextAt = this.#now() + refusedMs;
      }
      log.debug({ err: error }, 'what pods use cannot be seen');
    }
  }

  #take(items: readonly PodMetrics[]): void {
    const at = this.#now();
    const readings = new Map<string, Reading>();
    for (const { metadata, containers = [] } of items) {
      const { usage = {} } = containers.find(({ name }) => name === kernelContainer) ?? {};
      if (usage['memory'] === undefined || usage['cpu'] === undefined) continue;
      const before = this.#readings.get(metadata.name);
      const since = before ? before.cpuSeconds + (before.cpus * (at - before.at)) / 1000 : 0;
      readings.set(metadata.name, {
        at,
        memoryBytes: amountOf(usage['memory']),
        cpus: amountOf(usage['cpu']),
        cpuSeconds: since,
      });
    }
    this.#readings = readings;
  }
}

/** Processors are told in billionths. */
function amountOf(quantity: string | number): number {
  const [, digits, suffix] = /^(\d+)([nu])$/.exec(String(quantity)) ?? [];
  return digits === undefined ? parseQuantity(quantity) : Number(digits) * (suffix === 'n' ? 1e-9 : 1e-6);
}
