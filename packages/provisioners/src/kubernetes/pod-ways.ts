import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { KernelConnection, Log } from '@perijove/kernels';
import { ConnectionInfo } from '@perijove/protocol';
import { Value } from 'typebox/value';
import { ClusterRefusal, type ClusterClient } from './cluster-client.ts';
import type { Pod } from './pod.ts';
import { PodForward } from './pod-forward.ts';
import { connectionIn, kernelPorts } from './pod-manifest.ts';

/** How a kernel's pod is reached. */
export interface PodWay {
  readonly connection: KernelConnection;
  readonly close: () => void;
}

/** For a pod that is only kept to be removed. */
export const nowhere: PodWay = {
  connection: {
    openLink: () => {
      throw new TypeError('there is no way to this pod');
    },
  },
  close: () => undefined,
};

export interface PodWaysOptions {
  readonly client: ClusterClient;
  readonly namespace: string;
  /** Where forwarded ports are; undefined: pods are reached at their addresses. */
  readonly forwards: string | undefined;
  readonly log: Log;
}

/** How soon an API that is away is asked again for the way to a kernel. */
const retryFirstMs = 500;
const retryMaxMs = 10_000;

/** The ways to the pods of a namespace. */
export class PodWays {
  readonly #options: PodWaysOptions;
  readonly #forwards = new Set<PodForward>();

  constructor(options: PodWaysOptions) {
    this.#options = options;
  }

  /** Of all pods. */
  close(): void {
    for (const forward of this.#forwards) forward.close();
    this.#forwards.clear();
  }

  async to(pod: Pod, info: ConnectionInfo): Promise<PodWay> {
    const { client, namespace, forwards, log } = this.#options;
    const { metadata, status } = pod;
    if (forwards === undefined)
      return { connection: { ...info, ip: status?.podIP ?? info.ip }, close: () => undefined };
    const prefix = join(forwards, metadata.name.slice(-6) + randomBytes(2).toString('hex'));
    const { shell, iopub, stdin, control } = kernelPorts;
    const forward = new PodForward({
      client,
      podPath: `/api/v1/namespaces/${namespace}/pods/${metadata.name}`,
      prefix,
      ports: [shell, iopub, stdin, control],
      log,
    });
    this.#forwards.add(forward);
    await forward.open();
    const close = (): void => {
      this.#forwards.delete(forward);
      forward.close();
    };
    return { connection: { ...info, transport: 'ipc', ip: prefix }, close };
  }

  /** Asks until the API answers, or nobody wants to know any more. */
  async later({ metadata }: Pod, signal: AbortSignal): Promise<PodWay | undefined> {
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        // oxlint-disable-next-line no-await-in-loop
        const pod = await this.read(metadata.name);
        // Another pod, or none: the watch says so.
        if (pod?.status?.podIP === undefined || pod.metadata.uid !== metadata.uid) return undefined;
        // oxlint-disable-next-line no-await-in-loop
        const info = await this.connectionOf(pod);
        // oxlint-disable-next-line no-await-in-loop
        return info && (await this.to(pod, info));
      } catch (error) {
        this.#options.log.debug({ err: error, pod: metadata.name }, 'a kernel cannot be reached yet');
        const ms = Math.min(retryFirstMs * 2 ** failures, retryMaxMs);
        // oxlint-disable-next-line no-await-in-loop
        await delay(ms, undefined, { signal, ref: false }).catch(() => undefined);
      }
    }
    return undefined;
  }

  /** What its Secret says. Undefined: it has none, or not one of ours. */
  async connectionOf(pod: Pod): Promise<ConnectionInfo | undefined> {
    const { client, namespace } = this.#options;
    try {
      const secret = await client.ask<{ data?: Record<string, string> }>(
        'GET',
        `/api/v1/namespaces/${namespace}/secrets/${pod.metadata.name}`,
      );
      const info = connectionIn(secret);
      return Value.Check(ConnectionInfo, info) ? info : undefined;
    } catch (error) {
      if (error instanceof ClusterRefusal && error.status === 404) return undefined;
      throw error;
    }
  }

  /** Undefined: there is no pod of this name. */
  async read(podName: string): Promise<Pod | undefined> {
    const { client, namespace } = this.#options;
    try {
      return await client.ask<Pod>(
        'GET',
        `/api/v1/namespaces/${namespace}/pods/${encodeURIComponent(podName)}`,
      );
    } catch (error) {
      if (error instanceof ClusterRefusal && error.status === 404) return undefined;
      throw error;
    }
  }
}
