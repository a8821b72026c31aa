import { KernelError, type Kernelspec } from '@perijove/kernels';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';

const closed = { additionalProperties: false } as const;
const Quantities = Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()]));
const Anything = Type.Record(Type.String(), Type.Unknown());
const Strings = Type.Record(Type.String(), Type.String());

/**
 * `metadata.kernel_provisioner.config` of a kernelspec whose kernels run in Kubernetes. Fields are called as in a pod (Kubernetes API
 * reference, "PodSpec", "Container"), and go into it as they are. It is the administrator's: no client can say any of it.
 */
export const KubernetesConfig = Type.Object(
  {
    image: Type.String({ minLength: 1 }),
    imagePullPolicy: Type.Optional(Type.Enum(['Always', 'IfNotPresent', 'Never'])),
    imagePullSecrets: Type.Optional(Type.Array(Type.Object({ name: Type.String() }, closed))),
    /** Beside what `metadata.perijove.resources` says of memory and processors: GPUs, ephemeral storage. These go before it. */
    resources: Type.Optional(
      Type.Object({ requests: Type.Optional(Quantities), limits: Type.Optional(Quantities) }, closed),
    ),
    env: Type.Optional(Type.Array(Type.Object({ name: Type.String() }, { additionalProperties: true }))),
    envFrom: Type.Optional(Type.Array(Anything)),
    workingDir: Type.Optional(Type.String({ pattern: '^/' })),
    volumes: Type.Optional(Type.Array(Type.Object({ name: Type.String() }, { additionalProperties: true }))),
    volumeMounts: Type.Optional(
      Type.Array(
        Type.Object(
          { name: Type.String(), mountPath: Type.String({ pattern: '^/' }) },
          { additionalProperties: true },
        ),
      ),
    ),
    nodeSelector: Type.Optional(Strings),
    affinity: Type.Optional(Anything),
    tolerations: Type.Optional(Type.Array(Anything)),
    topologySpreadConstraints: Type.Optional(Type.Array(Anything)),
    priorityClassName: Type.Optional(Type.String()),
    runtimeClassName: Type.Optional(Type.String()),
    schedulerName: Type.Optional(Type.String()),
    /** Its token is not given to the pod unless `automountServiceAccountToken` says so. */
    serviceAccountName: Type.Optional(Type.String()),
    automountServiceAccountToken: Type.Optional(Type.Boolean()),
    /** Of the pod, as those of a queue (`kueue.x-k8s.io/queue-name`). */
    labels: Type.Optional(Strings),
    annotations: Type.Optional(Strings),
    securityContext: Type.Optional(
      Type.Object(
        {
          runAsUser: Type.Optional(Type.Integer({ minimum: 0 })),
          runAsGroup: Type.Optional(Type.Integer({ minimum: 0 })),
          fsGroup: Type.Optional(Type.Integer({ minimum: 0 })),
          supplementalGroups: Type.Optional(Type.Array(Type.Integer({ minimum: 0 }))),
          readOnlyRootFilesystem: Type.Optional(Type.Boolean()),
        },
        closed,
      ),
    ),
  },
  closed,
);
export type KubernetesConfig = Static<typeof KubernetesConfig>;

/** Reads what a kernelspec says of its pods. Throws KERNEL_LAUNCH_FAILED that names the field. */
export function kubernetesConfigOf({ name, spec }: Kernelspec): KubernetesConfig {
  const { config = {} } = (spec.metadata?.['kernel_provisioner'] ?? {}) as { config?: unknown };
  if (Value.Check(KubernetesConfig, config)) return config;
  const [first] = Value.Errors(KubernetesConfig, config);
  const field = (first?.instancePath ?? '').slice(1).replaceAll('/', '.');
  // A closed object lets no other fields in: typebox calls that a schema that is false.
  const said =
    first?.keyword === 'boolean' ? 'is none of its fields' : (first?.message ?? 'is not as it has to be');
  throw new KernelError(
    'KERNEL_LAUNCH_FAILED',
    `metadata.kernel_provisioner.config of the kernelspec ${name}: ${field ? `${field} ` : 'it '}${said}`,
  );
}
