import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  openLink,
  type KernelError,
  type KernelLink,
  type LaunchContext,
  type LaunchRequest,
  type ProvisionedHandle,
  type ProvisionedKernel,
  type Provisioner,
} from '@perijove/kernels';
import type { RawMessage } from '@perijove/protocol';
import { DirectClient, testCluster, type TestCluster } from '@perijove/testkit';
import { openClusterAccess } from '../cluster-access.ts';
import { kubernetesProvisioner } from '../kubernetes-provisioner.ts';
import type { KubernetesOptions } from '../options.ts';
import type { Pod } from '../pod.ts';

const silent = (): undefined => undefined;
const silentLog = { debug: silent, info: silent, warn: silent, error: silent };
const defaults: KubernetesOptions = {
  kubeconfig: '',
  kubernetesContext: '',
  kubernetesNamespace: '',
  kubernetesInstance: '',
  kubernetesConnect: 'port-forward',
  kubernetesLaunchTimeoutS: 120,
  kubernetesUnschedulable: 'refuse',
  kubernetesNodeLostS: 1,
  kubernetesOrphanS: 60,
  kubernetesUsageS: 1,
  kubernetesOwner: '',
  kubernetesLease: '',
  kubernetesLeaseS: 10,
  kubernetesPodIp: '',
};

export interface Told {
  readonly phase: string;
  readonly message: string;
  readonly detail: string | undefined;
}

/** A namespace of a real cluster, and servers that run kernels in it; all of it is gone after the test. */
export class ClusterPlace implements AsyncDisposable {
  readonly cluster: TestCluster;
  readonly instance = `test-${randomUUID().slice(0, 8)}`;
  /** What was said of starts. */
  readonly told: Told[] = [];
  readonly #kernels: ProvisionedKernel[] = [];
  readonly #provisioners: Provisioner[] = [];
  readonly #clients: DirectClient[] = [];
  readonly #links: KernelLink[] = [];

  static async create(): Promise<ClusterPlace> {
    return new ClusterPlace(await testCluster());
  }

  private constructor(cluster: TestCluster) {
    this.cluster = cluster;
  }

  provisioner(options: Partial<KubernetesOptions> = {}): Provisioner {
    const settings = {
      ...defaults,
      kubeconfig: this.cluster.kubeconfig,
      kubernetesNamespace: this.cluster.namespace,
      ...options,
    };
    const made = kubernetesProvisioner({
      openAccess: () => openClusterAccess(settings),
      options: settings,
      instance: this.instance,
      log: silentLog,
    });
    this.#provisioners.push(made);
    return made;
  }

  request(config: object = {}, more: Partial<LaunchRequest> = {}): LaunchRequest {
    return {
      kernelId: randomUUID(),
      kernelspec: {
        name: 'python',
        resourceDir: '/nowhere/share/jupyter/kernels/python',
        spec: {
          argv: ['python3', '-m', 'ipykernel_launcher', '-f', '{connection_file}'],
          display_name: 'Python',
          language: 'python',
          metadata: {
            kernel_provisioner: {
              provisioner_name: 'kubernetes',
              config: { image: this.cluster.image, ...config },
            },
          },
        },
      },
      cwd: '/nowhere',
      env: {},
      username: 'ada',
      resources: { memoryBytes: 300 * 2 ** 20, cpus: 1 },
      requests: { memoryBytes: 100 * 2 ** 20, cpus: 0.05 },
      ...more,
    };
  }

  context(signal: AbortSignal = new AbortController().signal): LaunchContext {
    return { signal, report: (phase, message, detail) => this.told.push({ phase, message, detail }) };
  }

  async launch(
    config: object = {},
    provisioner: Provisioner = this.provisioner(),
    more: Partial<LaunchRequest> = {},
  ): Promise<ProvisionedKernel> {
    const kernel = await provisioner.launch(this.request(config, more), this.context());
    this.#kernels.push(kernel);
    return kernel;
  }

  /** The error of a start that comes to nothing. */
  async refusal(
    config: object,
    more: Partial<LaunchRequest> = {},
    provisioner: Provisioner = this.provisioner(),
  ): Promise<KernelError> {
    try {
      await this.launch(config, provisioner, more);
    } catch (error) {
      return error as KernelError;
    }
    throw new Error('the start was not refused');
  }

  async adopt(handle: ProvisionedHandle, provisioner: Provisioner = this.provisioner()) {
    const found = await provisioner.adopt(handle);
    if (found && !('ended' in found)) this.#kernels.push(found);
    return found;
  }

  async talkTo({ connection }: ProvisionedKernel): Promise<DirectClient> {
    if ('openLink' in connection) throw new TypeError('it has no ports');
    const client = new DirectClient(connection);
    this.#clients.push(client);
    await client.ready();
    return client;
  }

  /** The first message from a kernel to which somebody has sent a question before it can be reached. */
  answerTo({ connection }: ProvisionedKernel): Promise<RawMessage> {
    return new Promise((resolve) => {
      const link = openLink(connection, {
        identity: randomUUID(),
        log: silentLog,
        limits: {
          queuedMessages: 10,
          queuedBytes: 1_000_000,
          outstandingRequests: 10,
          clientBufferBytes: 1_000_000,
          batchAboveRate: 0,
          batchDelayMs: 0,
          iopubConfirmMs: 1000,
          allowedMessageTypes: [],
        },
        onMessages: (channel, [message]) => {
          if (channel === 'shell' && message) resolve(message);
        },
        whenKept: (then) => then(),
        recentIds: async () => new Set<string>(),
      });
      this.#links.push(link);
      link.send(question());
    });
  }

  async pods(): Promise<readonly Pod[]> {
    const text = await this.cluster.kubectl(['get', 'pods', '-o', 'json']);
    return (JSON.parse(text) as { items: Pod[] }).items;
  }

  async names(kind: string): Promise<readonly string[]> {
    const text = await this.cluster.kubectl([
      'get',
      kind,
      '-o',
      'name',
      '-l',
      'app.kubernetes.io/managed-by=perijove',
    ]);
    return text.split('\n').filter((name) => name !== '');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    for (const link of this.#links) link.close();
    await Promise.all(this.#kernels.map((kernel) => kernel.destroy(0).catch(() => undefined)));
    for (const provisioner of this.#provisioners) provisioner.close?.();
    await this.cluster.remove();
  }
}

function question(): RawMessage {
  const header = {
    msg_id: randomUUID(),
    msg_type: 'kernel_info_request',
    username: 'ada',
    session: randomUUID(),
    date: new Date().toISOString(),
    version: '5.4',
  };
  const empty = Buffer.from('{}');
  return {
    channel: 'shell',
    header: Buffer.from(JSON.stringify(header)),
    parentHeader: empty,
    metadata: empty,
    content: empty,
    buffers: [],
  };
}

/** Asks until it is so: the cluster says when it is, but not to us. */
export async function eventually(what: string, test: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    // oxlint-disable-next-line no-await-in-loop
    if (await test()) return;
    // oxlint-disable-next-line no-await-in-loop
    await delay(250);
  }
  throw new Error(`it did not come to pass: ${what}`);
}
