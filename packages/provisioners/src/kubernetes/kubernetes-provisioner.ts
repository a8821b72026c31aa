import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  KernelError,
  type Capacity,
  type EndedKernel,
  type KernelConnection,
  type LaunchContext,
  type LaunchRequest,
  type Log,
  type ProvisionedHandle,
  type ProvisionedKernel,
  type Provisioner,
} from '@perijove/kernels';
import { ConnectionInfo } from '@perijove/protocol';
import { Value } from 'typebox/value';
import { newKey } from '../local/connection-file.ts';
import { createRefusal } from './create-refusal.ts';
import type { ClusterAccess } from './cluster-access.ts';
import { ClusterClient, ClusterRefusal, ClusterUnreachable } from './cluster-client.ts';
import { ClusterPods } from './cluster-pods.ts';
import { ClusterRoom } from './cluster-room.ts';
import { kubernetesConfigOf } from './kernelspec-config.ts';
import { KubernetesKernel } from './kubernetes-kernel.ts';
import { LaunchEvents } from './launch-events.ts';
import type { KubernetesOptions } from './options.ts';
import type { Pod } from './pod.ts';
import { exitOfPod } from './pod-exit.ts';
import { PodForward } from './pod-forward.ts';
import { PodLaunch } from './pod-launch.ts';
import {
  connectionIn,
  kernelPorts,
  labels,
  labelValue,
  podManifest,
  podNameOf,
  secretManifest,
  selectorOf,
} from './pod-manifest.ts';

export interface KubernetesProvisionerOptions {
  /** Read when it is first needed: a cluster that cannot be reached keeps nobody from starting a server. */
  readonly openAccess: () => Promise<ClusterAccess>;
  readonly options: KubernetesOptions;
  /** By which this server knows its own pods. */
  readonly instance: string;
  readonly log: Log;
}

interface Cluster {
  readonly client: ClusterClient;
  readonly namespace: string;
  readonly pods: ClusterPods;
  readonly events: LaunchEvents;
  readonly room: ClusterRoom;
  /** Where forwarded ports are; undefined: pods are reached at their addresses. */
  readonly forwards: string | undefined;
}

/** Runs kernels as pods of a Kubernetes namespace. */
export function kubernetesProvisioner(options: KubernetesProvisionerOptions): Provisioner {
  return new KubernetesProvisioner(options);
}

class KubernetesProvisioner implements Provisioner {
  readonly name = 'kubernetes';
  readonly launchTimeoutMs: number;
  readonly #options: KubernetesProvisionerOptions;
  #cluster: Promise<Cluster> | undefined;

  constructor(options: KubernetesProvisionerOptions) {
    this.#options = options;
    this.launchTimeoutMs = options.options.kubernetesLaunchTimeoutS * 1000;
  }

  /** Kubernetes admits (quotas, its scheduler, Kueue), not this server. */
  async capacity(): Promise<Capacity> {
    return { memoryBytes: Number.MAX_SAFE_INTEGER, cpus: Number.MAX_SAFE_INTEGER };
  }

  async launch(request: LaunchRequest, context: LaunchContext): Promise<ProvisionedKernel> {
    const config = kubernetesConfigOf(request.kernelspec);
    const displayName = request.kernelspec.spec.display_name;
    context.report('scheduling', `Asking the cluster for ${displayName}`);
    const cluster = await this.#open();
    const { instance, options } = this.#options;
    const podName = podNameOf(request.kernelId, randomBytes(3).toString('hex'));
    const manifest = podManifest({
      launch: request,
      config,
      podName,
      instance,
      nodeLostS: options.kubernetesNodeLostS,
    });
    const pod = await this.#create<Pod>(cluster, 'pods', manifest, context);
    const info: ConnectionInfo = {
      transport: 'tcp',
      ip: '0.0.0.0',
      shell_port: kernelPorts.shell,
      iopub_port: kernelPorts.iopub,
      stdin_port: kernelPorts.stdin,
      control_port: kernelPorts.control,
      hb_port: kernelPorts.hb,
      key: newKey(),
      signature_scheme: 'hmac-sha256',
      kernel_name: request.kernelspec.name,
    };
    try {
      const secret = secretManifest({ launch: request, podName, instance }, pod.metadata.uid ?? '', info);
      await this.#create(cluster, 'secrets', secret, context);
      const running = await new PodLaunch({
        ...cluster,
        pod,
        image: config.image,
        displayName,
        unschedulable: options.kubernetesUnschedulable,
        context,
      }).run();
      return this.#keep(cluster, request.kernelId, running, await this.#wayTo(cluster, running, info));
    } catch (error) {
      // Whatever there was of it is gone when this rejects.
      await this.#keep(cluster, request.kernelId, pod, nowhere).destroy(0);
      throw asLaunchError(error);
    }
  }

  async adopt(handle: ProvisionedHandle): Promise<ProvisionedKernel | EndedKernel | undefined> {
    const { kernelId, pod: podName, uid } = handle;
    if (handle.provisioner !== this.name || typeof kernelId !== 'string') return undefined;
    const cluster = await this.#open();
    const found =
      typeof podName === 'string' ? await this.#read(cluster, podName) : await this.#find(cluster, kernelId);
    if (!found || (typeof uid === 'string' && found.metadata.uid !== uid)) {
      return typeof podName === 'string'
        ? {
            ended: {
              reason: 'destroyed',
              message: `its pod ${podName} was deleted while no server looked after it`,
            },
          }
        : undefined;
    }
    const exit = exitOfPod(found, { isGone: false, isOurs: false });
    const info = exit === undefined ? await this.#connectionOf(cluster, found) : undefined;
    const way =
      info && found.status?.podIP !== undefined ? await this.#wayTo(cluster, found, info) : undefined;
    const kernel = this.#keep(cluster, kernelId, found, way ?? nowhere);
    if (exit) {
      const ended = await kernel.exited;
      await kernel.destroy(0);
      return { ended };
    }
    if (way) return kernel;
    // It was never more than the beginning of a start, or nobody can talk to it any more.
    await kernel.destroy(0);
    return undefined;
  }

  close(): void {
    void this.#cluster?.then(async ({ client, pods, events, forwards }) => {
      pods.close();
      events.close();
      client.close();
      if (forwards !== undefined) await rm(forwards, { recursive: true, force: true });
    });
  }

  async #open(): Promise<Cluster> {
    this.#cluster ??= this.#connect().catch((error: unknown) => {
      this.#cluster = undefined;
      throw error;
    });
    return this.#cluster;
  }

  async #connect(): Promise<Cluster> {
    const { openAccess, options, instance, log } = this.#options;
    const access = await openAccess();
    const client = new ClusterClient(access);
    const namespace = options.kubernetesNamespace || access.namespace;
    const pods = new ClusterPods({ client, namespace, selector: selectorOf(instance), log });
    return {
      client,
      namespace,
      pods,
      events: new LaunchEvents(client, namespace, log),
      room: new ClusterRoom(client, log),
      forwards: await this.#forwards(access),
    };
  }

  async #forwards({ isInside }: ClusterAccess): Promise<string | undefined> {
    const { kubernetesConnect } = this.#options.options;
    const isDirect = kubernetesConnect === 'auto' ? isInside : kubernetesConnect === 'pod';
    // A socket's path has room for some hundred characters only; nobody else can enter the folder.
    return isDirect ? undefined : mkdtemp(join(tmpdir(), 'perijove-'));
  }

  async #create<T>(
    { client, namespace }: Cluster,
    kind: 'pods' | 'secrets',
    manifest: object,
    { signal }: LaunchContext,
  ): Promise<T> {
    try {
      return await client.ask<T>('POST', `/api/v1/namespaces/${namespace}/${kind}`, {
        body: manifest,
        signal,
      });
    } catch (error) {
      throw error instanceof ClusterRefusal ? createRefusal(error) : asLaunchError(error);
    }
  }

  async #wayTo({ client, namespace, forwards }: Cluster, pod: Pod, info: ConnectionInfo): Promise<Way> {
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
      log: this.#options.log,
    });
    await forward.open();
    return { connection: { ...info, transport: 'ipc', ip: prefix }, close: () => forward.close() };
  }

  async #connectionOf({ client, namespace }: Cluster, pod: Pod): Promise<ConnectionInfo | undefined> {
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

  async #read({ client, namespace }: Cluster, podName: string): Promise<Pod | undefined> {
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

  /** By its label: a launch of which nobody wrote down what it had made. Of several, the youngest; what is left of the others goes. */
  async #find(cluster: Cluster, kernelId: string): Promise<Pod | undefined> {
    const { client, namespace } = cluster;
    const { items = [] } = await client.ask<{ items?: Pod[] }>(
      'GET',
      `/api/v1/namespaces/${namespace}/pods`,
      {
        query: {
          labelSelector: `${selectorOf(this.#options.instance)},${labels.kernelId}=${labelValue(kernelId)}`,
        },
      },
    );
    const [youngest, ...others] = items.toSorted((a, b) =>
      (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? ''),
    );
    await Promise.all(others.map((pod) => this.#keep(cluster, kernelId, pod, nowhere).destroy(0)));
    return youngest;
  }

  #keep(cluster: Cluster, kernelId: string, pod: Pod, { connection, close }: Way): KubernetesKernel {
    const { client, namespace, pods } = cluster;
    const kernel = new KubernetesKernel({
      client,
      kernelId,
      namespace,
      pod,
      connection,
      onGone: (gone) => {
        pods.remove(gone);
        close();
      },
    });
    pods.add(kernel);
    return kernel;
  }
}

/** How a kernel's pod is reached. */
interface Way {
  readonly connection: KernelConnection;
  readonly close: () => void;
}

/** For a pod that is only kept to be removed. */
const nowhere: Way = {
  connection: {
    openLink: () => {
      throw new TypeError('there is no way to this pod');
    },
  },
  close: () => undefined,
};

function asLaunchError(error: unknown): KernelError {
  if (error instanceof KernelError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const isAway = error instanceof ClusterUnreachable;
  return new KernelError('KERNEL_LAUNCH_FAILED', isAway ? message : `the cluster: ${message}`, {
    cause: error,
  });
}
