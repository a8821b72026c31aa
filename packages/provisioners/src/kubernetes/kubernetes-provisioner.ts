import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  KernelError,
  type Capacity,
  type EndedKernel,
  type FoundKernel,
  type LaunchContext,
  type LaunchRequest,
  type Log,
  type MachineCapacity,
  type ProvisionedHandle,
  type ProvisionedKernel,
  type Provisioner,
} from '@perijove/kernels';
import type { ConnectionInfo } from '@perijove/protocol';
import { newKey } from '../local/connection-file.ts';
import { createRefusal } from './create-refusal.ts';
import type { ClusterAccess } from './cluster-access.ts';
import { ClusterClient, ClusterRefusal, ClusterUnreachable } from './cluster-client.ts';
import { ClusterNodes } from './cluster-nodes.ts';
import { ClusterPods } from './cluster-pods.ts';
import { ClusterRoom } from './cluster-room.ts';
import { kubernetesConfigOf } from './kernelspec-config.ts';
import { handleOf, KubernetesKernel } from './kubernetes-kernel.ts';
import { LaterConnection } from './later-connection.ts';
import { readLaunchAnnotation } from './launch-annotation.ts';
import { LaunchEvents } from './launch-events.ts';
import type { KubernetesOptions } from './options.ts';
import { OrphanWatch } from './orphan-watch.ts';
import { kernelContainer, kernelStateOf, type Pod } from './pod.ts';
import { exitOfPod } from './pod-exit.ts';
import { PodLaunch } from './pod-launch.ts';
import {
  annotations,
  kernelPorts,
  labels,
  labelValue,
  podManifest,
  podNameOf,
  secretManifest,
  selectorOf,
  type OwnerReference,
} from './pod-manifest.ts';
import { PodUsage } from './pod-usage.ts';
import { nowhere, PodWays, type PodWay } from './pod-ways.ts';

export interface KubernetesProvisionerOptions {
  /** Read when it is first needed: a cluster that cannot be reached keeps nobody from starting a server. */
  readonly openAccess: () => Promise<ClusterAccess>;
  readonly options: KubernetesOptions;
  /** By which this server knows its own pods. */
  readonly instance: string;
  /** Called before anything in the cluster is changed: rejects if that is another server's to do now. */
  readonly confirm?: (() => Promise<void>) | undefined;
  readonly log: Log;
}

interface Cluster {
  readonly client: ClusterClient;
  readonly namespace: string;
  readonly pods: ClusterPods;
  readonly events: LaunchEvents;
  readonly room: ClusterRoom;
  readonly ways: PodWays;
  readonly orphans: OrphanWatch;
  readonly forwards: string | undefined;
  readonly usage: PodUsage;
  readonly nodes: ClusterNodes;
  readonly owner: () => Promise<OwnerReference | undefined>;
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
  /** Pods that are being made, by name. */
  readonly #launching = new Set<string>();
  readonly #closing = new AbortController();

  constructor(options: KubernetesProvisionerOptions) {
    this.#options = options;
    this.launchTimeoutMs = options.options.kubernetesLaunchTimeoutS * 1000;
  }

  /** Kubernetes admits (quotas, its scheduler, Kueue), not this server. */
  async capacity(): Promise<Capacity> {
    return { memoryBytes: Number.MAX_SAFE_INTEGER, cpus: Number.MAX_SAFE_INTEGER };
  }

  async launch(request: LaunchRequest, context: LaunchContext): Promise<ProvisionedKernel> {
    // What is wrong with a kernelspec is known without the cluster.
    kubernetesConfigOf(request.kernelspec);
    context.report('scheduling', `Asking the cluster for ${request.kernelspec.spec.display_name}`);
    const cluster = await this.#open();
    const podName = podNameOf(request.kernelId, randomBytes(3).toString('hex'));
    this.#launching.add(podName);
    try {
      return await this.#launchPod(cluster, podName, request, context);
    } finally {
      this.#launching.delete(podName);
    }
  }

  async #launchPod(
    cluster: Cluster,
    podName: string,
    request: LaunchRequest,
    context: LaunchContext,
  ): Promise<ProvisionedKernel> {
    const config = kubernetesConfigOf(request.kernelspec);
    const displayName = request.kernelspec.spec.display_name;
    const { instance, options } = this.#options;
    const manifest = podManifest({
      owner: await cluster.owner(),
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
      return this.#keep(cluster, request.kernelId, running, await cluster.ways.to(running, info));
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
    let found: Pod | undefined;
    try {
      found =
        typeof podName === 'string' ? await cluster.ways.read(podName) : await this.#find(cluster, kernelId);
    } catch (error) {
      if (!(error instanceof ClusterUnreachable && typeof podName === 'string')) throw error;
      this.#options.log.warn({ kernelId }, `${error.message}; the kernel is taken over when it answers`);
      return this.#adoptLater(cluster, kernelId, podLike(handle, podName));
    }
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
    const info = exit === undefined ? await cluster.ways.connectionOf(found) : undefined;
    const way = info && found.status?.podIP !== undefined ? await cluster.ways.to(found, info) : undefined;
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

  async find(): Promise<readonly FoundKernel[]> {
    const cluster = await this.#open();
    const { client, namespace } = cluster;
    const { items = [] } = await client.ask<{ items?: Pod[] }>(
      'GET',
      `/api/v1/namespaces/${namespace}/pods`,
      {
        query: { labelSelector: selectorOf(this.#options.instance) },
      },
    );
    cluster.orphans.start();
    const youngest = new Map<string, FoundKernel>();
    for (const pod of items.toSorted(byAge)) {
      // One that goes away already was ended by whoever launched it.
      const launch = readLaunchAnnotation(pod.metadata.annotations?.[annotations.launch]);
      if (launch === undefined || pod.metadata.deletionTimestamp !== undefined) continue;
      youngest.set(launch.kernelId, {
        handle: handleOf(pod, launch.kernelId, namespace),
        launch,
        note: pod.metadata.annotations?.[annotations.note],
        launchedAt: Date.parse(pod.metadata.creationTimestamp ?? '') || Date.now(),
        isLaunched: kernelStateOf(pod)?.running !== undefined || kernelStateOf(pod)?.terminated !== undefined,
      });
    }
    return [...youngest.values()];
  }

  /** None while the cluster cannot be asked. */
  async machines(): Promise<readonly MachineCapacity[]> {
    const cluster = await this.#open().catch(() => undefined);
    return (await cluster?.nodes.list()) ?? [];
  }

  close(): void {
    this.#closing.abort();
    void this.#cluster?.then(async ({ client, pods, events, ways, orphans, forwards }) => {
      orphans.stop();
      pods.close();
      ways.close();
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
    const client = new ClusterClient(access, this.#options.confirm);
    const namespace = options.kubernetesNamespace || access.namespace;
    const pods = new ClusterPods({ client, namespace, selector: selectorOf(instance), log });
    const forwards = await this.#forwards(access);
    const cluster: Cluster = {
      client,
      namespace,
      pods,
      events: new LaunchEvents(client, namespace, log),
      room: new ClusterRoom(client, log),
      ways: new PodWays({ client, namespace, forwards, log }),
      orphans: new OrphanWatch({
        pods,
        afterMs: options.kubernetesOrphanS * 1000,
        isLaunching: (podName) => this.#launching.has(podName),
        remove: (pod) => this.#keep(cluster, '', pod, nowhere).destroy(0),
        log,
      }),
      forwards,
      nodes: new ClusterNodes(client, log),
      usage: new PodUsage({
        client,
        namespace,
        selector: selectorOf(instance),
        everyMs: options.kubernetesUsageS * 1000,
        log,
      }),
      owner: () =>
        options.kubernetesOwner === '' ? Promise.resolve(undefined) : this.#owner(client, namespace),
    };
    return cluster;
  }

  /** Rejects with KERNEL_LAUNCH_FAILED: kernels that nobody would ever remove are not started. */
  async #owner(client: ClusterClient, namespace: string): Promise<OwnerReference> {
    const name = this.#options.options.kubernetesOwner;
    try {
      const { metadata } = await client.ask<{ metadata: { uid: string } }>(
        'GET',
        `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`,
      );
      return { apiVersion: 'apps/v1', kind: 'Deployment', name, uid: metadata.uid };
    } catch (error) {
      throw error instanceof ClusterRefusal ? createRefusal(error) : asLaunchError(error);
    }
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
    const [youngest, ...others] = items.toSorted(byAge).toReversed();
    await Promise.all(others.map((pod) => this.#keep(cluster, kernelId, pod, nowhere).destroy(0)));
    return youngest;
  }

  /** It is there for all that is known. The watch says when the API is back, and what has become of it. */
  #adoptLater(cluster: Cluster, kernelId: string, pod: Pod): KubernetesKernel {
    let way: PodWay | undefined;
    const gone = new AbortController();
    const signal = AbortSignal.any([gone.signal, this.#closing.signal]);
    const known = cluster.ways.later(pod, signal).then((found) => {
      if (signal.aborted) found?.close();
      else way = found;
      return found?.connection;
    });
    const close = (): void => {
      gone.abort();
      way?.close();
    };
    return this.#keep(cluster, kernelId, pod, { connection: new LaterConnection(known), close });
  }

  #keep(cluster: Cluster, kernelId: string, pod: Pod, { connection, close }: PodWay): KubernetesKernel {
    const { client, namespace, pods, usage } = cluster;
    const kernel = new KubernetesKernel({
      client,
      kernelId,
      namespace,
      pod,
      connection,
      usageOf: (name) => usage.of(name),
      onGone: (gone) => {
        pods.remove(gone);
        close();
      },
    });
    pods.add(kernel);
    return kernel;
  }
}

function byAge(a: Pod, b: Pod): number {
  return (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '');
}

/** As much of a pod as its handle says. */
function podLike({ uid, node, image }: ProvisionedHandle, name: string): Pod {
  return {
    metadata: { name, ...(typeof uid === 'string' ? { uid } : {}) },
    spec: {
      ...(typeof node === 'string' ? { nodeName: node } : {}),
      ...(typeof image === 'string' ? { containers: [{ name: kernelContainer, image }] } : {}),
    },
  };
}

function asLaunchError(error: unknown): KernelError {
  if (error instanceof KernelError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const isAway = error instanceof ClusterUnreachable;
  return new KernelError('KERNEL_LAUNCH_FAILED', isAway ? message : `the cluster: ${message}`, {
    cause: error,
  });
}
