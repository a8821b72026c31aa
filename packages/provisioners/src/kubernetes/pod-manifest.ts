import { createHash } from 'node:crypto';
import { folderNameOf, kernelCommandElsewhere, type LaunchRequest, type Resources } from '@perijove/kernels';
import type { ConnectionInfo } from '@perijove/protocol';
import type { KubernetesConfig } from './kernelspec-config.ts';
import { launchAnnotation } from './launch-annotation.ts';
import { kernelContainer, type ResourceList } from './pod.ts';

export const labels = {
  name: 'app.kubernetes.io/name',
  component: 'app.kubernetes.io/component',
  managedBy: 'app.kubernetes.io/managed-by',
  instance: 'app.kubernetes.io/instance',
  kernelId: 'perijove.dev/kernel-id',
} as const;
/** Values that a label cannot have: any characters, any length. */
export const annotations = {
  username: 'perijove.dev/username',
  kernelspec: 'perijove.dev/kernelspec',
  launch: 'perijove.dev/launch',
  /** Of whoever has the kernel: which documents. */
  note: 'perijove.dev/note',
} as const;

/** The same in every pod, which has an address of its own: below the range of ports that systems give out by themselves. */
export const kernelPorts = { shell: 31001, iopub: 31002, stdin: 31003, control: 31004, hb: 31005 } as const;

const connectionFolder = '/var/run/perijove';
const connectionFileName = 'connection.json';
/** Stock images' user, and one that is not root for those that say nothing. */
const defaultUser = 1000;
const defaultGroup = 100;

export interface ManifestRequest {
  readonly launch: LaunchRequest;
  readonly config: KubernetesConfig;
  readonly podName: string;
  readonly instance: string;
  readonly nodeLostS: number;
  /** Goes, and all kernels with it. */
  readonly owner?: OwnerReference | undefined;
}

/** Kubernetes docs, "Owners and Dependents". */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/** The pod that is a kernel: its image as it is, run by the kernelspec's argv. It holds the *restricted* Pod Security level. */
export function podManifest({
  launch,
  config: asSaid,
  podName,
  instance,
  nodeLostS,
  owner,
}: ManifestRequest): object {
  const config = ofUser(asSaid, launch.username);
  const { kernelspec, kernelId, username, env } = launch;
  const command = kernelCommandElsewhere(kernelspec, {
    kernelId,
    connectionFile: `${connectionFolder}/${connectionFileName}`,
    cwd: workingDirOf(launch, config) ?? '.',
    home: '~',
    env: { KERNEL_ID: kernelId, KERNEL_USERNAME: username, ...env },
    overrides: env,
  });
  const { securityContext: security = {} } = config;
  const group = security.fsGroup ?? security.runAsGroup ?? defaultGroup;
  const workingDir = workingDirOf(launch, config);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: podName,
      labels: { ...config.labels, ...kernelLabels(kernelId, instance) },
      ...(owner ? { ownerReferences: [owner] } : {}),
      annotations: {
        // A kernel's memory is nowhere else: it is not moved to empty a node.
        'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
        ...config.annotations,
        [annotations.username]: username,
        [annotations.kernelspec]: kernelspec.name,
        [annotations.launch]: launchAnnotation(launch),
      },
    },
    spec: {
      restartPolicy: 'Never',
      enableServiceLinks: false,
      automountServiceAccountToken: config.automountServiceAccountToken ?? false,
      ...picked(config, podFields),
      tolerations: [
        ...(config.tolerations ?? []),
        ...['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].map((key) => ({
          key,
          operator: 'Exists',
          effect: 'NoExecute',
          tolerationSeconds: nodeLostS,
        })),
      ],
      securityContext: {
        runAsNonRoot: true,
        runAsUser: security.runAsUser ?? defaultUser,
        runAsGroup: security.runAsGroup ?? defaultGroup,
        fsGroup: group,
        // A large home folder is not gone through at every start.
        fsGroupChangePolicy: 'OnRootMismatch',
        ...(security.supplementalGroups ? { supplementalGroups: security.supplementalGroups } : {}),
        seccompProfile: { type: 'RuntimeDefault' },
      },
      volumes: [
        ...(config.volumes ?? []),
        { name: 'perijove-connection', secret: { secretName: podName, defaultMode: 0o440 } },
        ...(security.readOnlyRootFilesystem ? [{ name: 'perijove-tmp', emptyDir: {} }] : []),
      ],
      containers: [
        {
          name: kernelContainer,
          image: config.image,
          ...(config.imagePullPolicy ? { imagePullPolicy: config.imagePullPolicy } : {}),
          command: command.argv.map(escaped),
          ...(workingDir === undefined ? {} : { workingDir }),
          env: [
            ...Object.entries(command.env).map(([name, value]) => ({ name, value: escaped(value) })),
            ...(config.env ?? []),
          ],
          ...(config.envFrom ? { envFrom: config.envFrom } : {}),
          ports: Object.entries(kernelPorts).map(([name, containerPort]) => ({ name, containerPort })),
          resources: resourcesOf(launch, config),
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
            ...(security.readOnlyRootFilesystem ? { readOnlyRootFilesystem: true } : {}),
          },
          volumeMounts: [
            ...(config.volumeMounts ?? []),
            { name: 'perijove-connection', mountPath: connectionFolder, readOnly: true },
            ...(security.readOnlyRootFilesystem ? [{ name: 'perijove-tmp', mountPath: '/tmp' }] : []),
          ],
        },
      ],
    },
  };
}

/** The Secret with the connection file, which goes with its pod. */
export function secretManifest(
  { launch, podName, instance }: Pick<ManifestRequest, 'launch' | 'podName' | 'instance'>,
  podUid: string,
  connection: ConnectionInfo,
): object {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    immutable: true,
    metadata: {
      name: podName,
      labels: kernelLabels(launch.kernelId, instance),
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: podName, uid: podUid }],
    },
    data: { [connectionFileName]: Buffer.from(JSON.stringify(connection)).toString('base64') },
  };
}

/** The connection file of a Secret that `secretManifest` made. */
export function connectionIn({ data }: { readonly data?: Readonly<Record<string, string>> }): unknown {
  return JSON.parse(Buffer.from(data?.[connectionFileName] ?? '', 'base64').toString('utf8'));
}

/** All pods of a server. */
export function selectorOf(instance: string): string {
  return `${labels.managedBy}=perijove,${labels.instance}=${instance}`;
}

/**
 * A pod is named after its kernel, for people, and after its launch: a former one of the kernel may still be going away. An id that
 * cannot be part of a name is hashed.
 */
export function podNameOf(kernelId: string, launch: string): string {
  const id = kernelId.toLowerCase();
  const usable = /^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/.test(id) && id === kernelId;
  return `kernel-${usable ? id : createHash('sha256').update(kernelId).digest('hex').slice(0, 32)}-${launch}`;
}

function kernelLabels(kernelId: string, instance: string): Record<string, string> {
  return {
    [labels.name]: 'perijove-kernel',
    [labels.component]: 'kernel',
    [labels.managedBy]: 'perijove',
    [labels.instance]: instance,
    [labels.kernelId]: labelValue(kernelId),
  };
}

/** Kubernetes docs, "Labels and Selectors": at most 63 characters, the outer ones letters or digits. */
export function labelValue(text: string): string {
  return /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(text)
    ? text
    : createHash('sha256').update(text).digest('hex').slice(0, 32);
}

const podFields = [
  'imagePullSecrets',
  'nodeSelector',
  'affinity',
  'topologySpreadConstraints',
  'priorityClassName',
  'runtimeClassName',
  'schedulerName',
  'serviceAccountName',
] as const satisfies readonly (keyof KubernetesConfig)[];

function picked(config: KubernetesConfig, names: readonly (keyof KubernetesConfig)[]): object {
  return Object.fromEntries(
    names.filter((name) => config[name] !== undefined).map((name) => [name, config[name]]),
  );
}

/** `{username}` in a mount's paths is the folder name of the kernel's user: what is in it is no other user's. */
function ofUser(config: KubernetesConfig, username: string): KubernetesConfig {
  if (!config.volumeMounts) return config;
  const folder = folderNameOf(username);
  const expanded = (value: unknown): unknown =>
    typeof value === 'string' ? value.replaceAll('{username}', folder) : value;
  const volumeMounts = config.volumeMounts.map((mount) => ({
    ...mount,
    mountPath: mount.mountPath.replaceAll('{username}', folder),
    ...('subPath' in mount ? { subPath: expanded(mount['subPath']) } : {}),
  }));
  return { ...config, volumeMounts };
}

/** The document's folder, where a volume of the kernel has it at the same path; else what the image or kernelspec says. */
export function workingDirOf(
  { cwd }: Pick<LaunchRequest, 'cwd'>,
  { volumeMounts = [], workingDir }: KubernetesConfig,
): string | undefined {
  const isThere = volumeMounts.some(
    ({ mountPath }) =>
      cwd === mountPath || cwd.startsWith(mountPath.endsWith('/') ? mountPath : `${mountPath}/`),
  );
  return isThere ? cwd : workingDir;
}

function resourcesOf(
  { resources, requests = resources }: LaunchRequest,
  { resources: own = {} }: KubernetesConfig,
): { readonly requests: ResourceList; readonly limits: ResourceList } {
  return {
    requests: { ...quantities(requests), ...own.requests },
    limits: { ...quantities(resources), ...own.limits },
  };
}

function quantities({ memoryBytes, cpus }: Resources): Record<string, string> {
  return {
    ...(memoryBytes === undefined ? {} : { memory: String(Math.ceil(memoryBytes)) }),
    ...(cpus === undefined ? {} : { cpu: `${Math.ceil(cpus * 1000)}m` }),
  };
}

/** In a pod's env and command, `$(NAME)` stands for another variable; `$$` is a dollar. */
function escaped(value: string): string {
  return value.replaceAll('$(', '$$$$(');
}
