import { randomBytes, randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Kernelspec, Log, ProvisionedKernel } from '@perijove/kernels';
import type { ConnectionInfo } from '@perijove/protocol';
import { openClusterAccess, type ClusterAccess } from '../cluster-access.ts';
import { ClusterClient, ClusterRefusal, ClusterUnreachable } from '../cluster-client.ts';
import { ClusterRoom } from '../cluster-room.ts';
import { createRefusal } from '../create-refusal.ts';
import { kubernetesConfigOf } from '../kernelspec-config.ts';
import { kubernetesProvisioner } from '../kubernetes-provisioner.ts';
import type { KubernetesOptions } from '../options.ts';
import type { Pod } from '../pod.ts';
import { execInPod } from '../pod-exec.ts';
import { podManifest } from '../pod-manifest.ts';
import { good, problem, warning, type Finding } from './finding.ts';
import { quotaFindings, type Quota } from './quotas.ts';
import { neededRights, rightsFindings } from './rights.ts';

export interface ExamineOptions {
  readonly options: KubernetesOptions;
  /** Those whose kernels are pods. */
  readonly kernelspecs: readonly Kernelspec[];
  /** What it is in its own words, of kernels that are started to see whether they run. */
  readonly onProgress: (message: string) => void;
  /** Starts no kernel. */
  readonly isDry: boolean;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** The oldest minor version of Kubernetes 1 that is tested for. */
const oldestMinor = 29;
/** Of images, so many are tried; a kernel of each. */
const maxTrials = 5;
const trialTimeoutS = 300;
const triedAgain = /it is tried again$/;
const listenTimeoutMs = 60_000;

/** Looks at all that kernels need of a cluster, in order: what stands on something that is not there is not looked at. */
export async function* examineCluster(asked: ExamineOptions): AsyncGenerator<Finding> {
  const { options } = asked;
  let access: ClusterAccess;
  try {
    access = await openClusterAccess(options);
  } catch (error) {
    yield problem('the cluster', (error as Error).message, 'Say which cluster with --kubeconfig FILE.');
    return;
  }
  const client = new ClusterClient(access);
  const namespace = options.kubernetesNamespace || access.namespace;
  try {
    yield await version(client);
    const forwards =
      options.kubernetesConnect === 'port-forward' ||
      (options.kubernetesConnect === 'auto' && !access.isInside);
    yield* await rights(client, namespace, { ...options, forwards });
    yield* await quotas(client, namespace);
    if (asked.kernelspecs.length === 0) {
      yield warning(
        'kernelspecs',
        'none asks for pods',
        'Give one metadata.kernel_provisioner with provisioner_name "kubernetes" (docs/kubernetes.md).',
      );
    }
    const runnable: Kernelspec[] = [];
    for (const kernelspec of asked.kernelspecs) {
      // oxlint-disable-next-line no-await-in-loop
      const finding = await admitted(client, namespace, kernelspec, asked);
      yield finding;
      if (finding.state !== 'problem') runnable.push(kernelspec);
    }
    if (!asked.isDry) yield* tryImages(client, namespace, runnable, asked);
  } catch (error) {
    yield problem(
      'the cluster',
      (error as Error).message,
      error instanceof ClusterUnreachable
        ? 'Look whether the address in the kubeconfig is right, and whether it can be reached from here.'
        : 'Look whether the account of the kubeconfig is right.',
    );
  } finally {
    client.close();
  }
}

async function version(client: ClusterClient): Promise<Finding> {
  const { major, minor, gitVersion } = await client.ask<Record<'major' | 'minor' | 'gitVersion', string>>(
    'GET',
    '/version',
  );
  const subject = 'the cluster';
  const said = `Kubernetes ${gitVersion} at ${client.place} answers`;
  return Number(major) > 1 || Number.parseInt(minor, 10) >= oldestMinor
    ? good(subject, said)
    : warning(subject, `${said}; nothing older than 1.${oldestMinor} is tested`, 'Update the cluster.');
}

async function rights(
  client: ClusterClient,
  namespace: string,
  { forwards, kubernetesLease, kubernetesOwner }: KubernetesOptions & { readonly forwards: boolean },
): Promise<readonly Finding[]> {
  const wanted = neededRights({ forwards, lease: kubernetesLease, owner: kubernetesOwner });
  const answers = await Promise.all(
    wanted.map(async (right) => {
      const { verb, group, resource, subresource, name, isClusterWide } = right;
      const { status } = await client.ask<{ status?: { allowed?: boolean } }>(
        'POST',
        '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        {
          body: {
            apiVersion: 'authorization.k8s.io/v1',
            kind: 'SelfSubjectAccessReview',
            spec: {
              resourceAttributes: {
                verb,
                group,
                resource,
                subresource,
                name,
                namespace: isClusterWide ? undefined : namespace,
              },
            },
          },
        },
      );
      return { right, isAllowed: status?.allowed === true };
    }),
  );
  return rightsFindings(answers, namespace);
}

async function quotas(client: ClusterClient, namespace: string): Promise<readonly Finding[]> {
  try {
    const path = `/api/v1/namespaces/${namespace}/resourcequotas`;
    const { items = [] } = await client.ask<{ items?: Quota[] }>('GET', path);
    return quotaFindings(items);
  } catch (error) {
    if (!(error instanceof ClusterRefusal)) throw error;
    return [
      warning(
        'quotas',
        'this account may not see them',
        'To have them looked at, let it list resourcequotas.',
      ),
    ];
  }
}

/** What admission says to its pod (quotas, limit ranges, the Pod Security level, webhooks), and whether a node is large enough. */
async function admitted(
  client: ClusterClient,
  namespace: string,
  kernelspec: Kernelspec,
  { options, log }: ExamineOptions,
): Promise<Finding> {
  const subject = `the kernelspec ${kernelspec.name}`;
  const remedy = 'Change its metadata.kernel_provisioner.config, or what the namespace permits.';
  try {
    const manifest = podManifest({
      launch: launchOf(kernelspec),
      config: kubernetesConfigOf(kernelspec),
      podName: `kernel-doctor-${randomBytes(3).toString('hex')}`,
      instance: 'doctor',
      nodeLostS: options.kubernetesNodeLostS,
    });
    await client.ask('POST', `/api/v1/namespaces/${namespace}/pods`, {
      body: manifest,
      query: { dryRun: 'All' },
    });
    const room = await new ClusterRoom(client, log).for(manifest as Pod);
    if (room?.neverFits) return problem(subject, room.sentence, remedy);
    if (room)
      return warning(
        subject,
        `its kernels have to wait now: ${room.sentence}`,
        'End kernels that nobody needs, or add nodes.',
      );
    return good(subject, 'the cluster takes its pods');
  } catch (error) {
    if (error instanceof ClusterUnreachable) throw error;
    return problem(
      subject,
      (error instanceof ClusterRefusal ? createRefusal(error) : (error as Error)).message,
      remedy,
    );
  }
}

async function* tryImages(
  client: ClusterClient,
  namespace: string,
  kernelspecs: readonly Kernelspec[],
  asked: ExamineOptions,
): AsyncGenerator<Finding> {
  const byImage = new Map(
    kernelspecs.map((kernelspec) => [kubernetesConfigOf(kernelspec).image, kernelspec]),
  );
  const provisioner = kubernetesProvisioner({
    openAccess: () => openClusterAccess(asked.options),
    // Nothing that others' kernels depend on: this is not one of the servers.
    options: { ...asked.options, kubernetesOwner: '', kubernetesLaunchTimeoutS: trialTimeoutS },
    instance: `doctor-${randomBytes(4).toString('hex')}`,
    log: asked.log,
  });
  try {
    for (const [image, kernelspec] of [...byImage].slice(0, maxTrials)) {
      const subject = `the image ${image}`;
      const begun = performance.now();
      let kernel: ProvisionedKernel | undefined;
      const trial = new AbortController();
      try {
        // oxlint-disable-next-line no-await-in-loop
        kernel = await provisioner.launch(launchOf(kernelspec), {
          signal: AbortSignal.any([asked.signal, trial.signal]),
          report: (_phase, message, detail) => {
            asked.onProgress(`${image}: ${message}`);
            // A server tries again for long; who looks for what is wrong has seen it.
            if (triedAgain.test(message)) trial.abort(new Error(detail ?? message));
          },
        });
        asked.onProgress(`${image}: waiting until the kernel listens`);
        // oxlint-disable-next-line no-await-in-loop
        await listens(kernel, asked.signal);
        const seconds = ((performance.now() - begun) / 1000).toFixed(1);
        yield good(subject, `a kernel of ${kernelspec.name} runs and can be reached; it took ${seconds} s`);
        // oxlint-disable-next-line no-await-in-loop
        yield await names(client, namespace, kernel);
      } catch (error) {
        const why = trial.signal.aborted ? (trial.signal.reason as Error) : (error as Error);
        yield problem(
          subject,
          why.message,
          'See what the pod’s events say, and whether the image has the kernel of the argv.',
        );
      } finally {
        // oxlint-disable-next-line no-await-in-loop
        await kernel?.destroy(1000);
      }
    }
  } finally {
    provisioner.close?.();
  }
}

/** Whether pods find names: of the cluster's own, which there always is. */
async function names(
  client: ClusterClient,
  namespace: string,
  { handle }: ProvisionedKernel,
): Promise<Finding> {
  const name = 'kubernetes.default.svc';
  const script = `if command -v getent >/dev/null; then getent hosts ${name}; else python3 -c 'import socket; socket.getaddrinfo("${name}", 443)'; fi`;
  const path = `/api/v1/namespaces/${namespace}/pods/${String(handle['pod'])}`;
  try {
    await execInPod(client, path, ['/bin/sh', '-c', script]);
    return good('names (DNS)', 'are found in pods');
  } catch (error) {
    return warning(
      'names (DNS)',
      `are not found in pods, or could not be looked for: ${(error as Error).message}`,
      'Look whether CoreDNS runs, and whether a NetworkPolicy keeps kernels from port 53.',
    );
  }
}

/** Resolves when somebody speaks ZMTP there: its greeting begins with 0xff (RFC 37). */
async function listens({ connection }: ProvisionedKernel, signal: AbortSignal): Promise<void> {
  if ('openLink' in connection) throw new TypeError('a pod listens at ports');
  const deadline = performance.now() + listenTimeoutMs;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop
    if (await greets(connection)) return;
    if (performance.now() > deadline)
      throw new Error(`its pod runs, and nobody listens at its ports after ${listenTimeoutMs / 1000} s`);
    // oxlint-disable-next-line no-await-in-loop
    await delay(200, undefined, { signal });
  }
}

function greets({ transport, ip, shell_port: port }: ConnectionInfo): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(transport === 'ipc' ? { path: `${ip}-${port}` } : { host: ip, port });
    socket.setTimeout(2000, () => socket.destroy());
    socket.on('data', (data) => {
      resolve(data[0] === 0xff);
      socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(false));
  });
}

function launchOf(kernelspec: Kernelspec) {
  return { kernelId: randomUUID(), kernelspec, cwd: '/', env: {}, username: 'doctor', resources: {} };
}
