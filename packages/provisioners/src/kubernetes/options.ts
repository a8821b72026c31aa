import { Type, type Static } from 'typebox';

/** How kernels in a Kubernetes cluster are reached. */
export const kubernetesOptions = {
  kubeconfig: {
    schema: Type.String({ default: '' }),
    help: 'Kernelspecs that ask for the provisioner kubernetes run in the cluster of this kubeconfig file. Empty: in the cluster that this server itself is a pod of, if it is.',
  },
  kubernetesContext: {
    schema: Type.String({ default: '' }),
    help: "The kubeconfig's context. Empty: its current one.",
  },
  kubernetesNamespace: {
    schema: Type.String({ default: '', pattern: '^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)?$' }),
    help: "The namespace of all kernels. Empty: the context's, or that of this server's pod.",
  },
  kubernetesInstance: {
    schema: Type.String({ default: '', pattern: '^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$' }),
    help: 'By this label a server knows its own pods among those of others in the namespace. Empty: a name that is made once and kept in the state folder.',
  },
  kubernetesConnect: {
    schema: Type.Enum(['auto', 'pod', 'port-forward'], { default: 'auto' }),
    help: "How kernels are reached: at their pod's address, or through the cluster's API (port-forward). auto: at the address for a server in the cluster, else through the API.",
  },
  kubernetesLaunchTimeoutS: {
    schema: Type.Number({ default: 1800, exclusiveMinimum: 0, maximum: 86_400 }),
    help: 'Seconds until a pod must run: a node may have to be bought for it, and an image pulled. What can never run is refused at once.',
  },
  kubernetesUnschedulable: {
    schema: Type.Enum(['refuse', 'wait'], { default: 'refuse' }),
    help: 'What becomes of a kernel that is larger than any node: it is refused, or waits, where an autoscaler may bring a larger one.',
  },
  kubernetesNodeLostS: {
    schema: Type.Integer({ default: 30, minimum: 0, maximum: 86_400 }),
    help: 'Seconds that a node may be away until its kernels are given up.',
  },
  kubernetesOrphanS: {
    schema: Type.Number({ default: 60, exclusiveMinimum: 0, maximum: 86_400 }),
    help: 'Seconds after which a pod of this server that none of its kernels has is removed.',
  },
  kubernetesUsageS: {
    schema: Type.Integer({ default: 30, minimum: 0, maximum: 3600 }),
    help: 'Seconds between two looks at what pods use, all at once, where the cluster measures it (metrics.k8s.io). 0: never.',
  },
  kubernetesOwner: {
    schema: Type.String({ default: '', pattern: '^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?)?$' }),
    help: "The Deployment in the kernels' namespace that this server is one of: when that is deleted, the cluster deletes the kernels too.",
  },
  kubernetesLease: {
    schema: Type.String({ default: '', pattern: '^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?)?$' }),
    help: 'Of several servers with this name for their Lease in the cluster, one has the kernels; the others stand by, pass everything on to it, and one of them takes over when it is gone. Needs --port and --kubernetes-instance, the same for all.',
  },
  kubernetesLeaseS: {
    schema: Type.Integer({ default: 10, minimum: 2, maximum: 600 }),
    help: 'Seconds without a sign of life after which another server takes over. One that ends in good order is followed at once.',
  },
  kubernetesPodIp: {
    schema: Type.String({ default: '' }),
    help: "This server's address, for those that stand by. Empty: the first one that this machine has.",
  },
} as const;

export type KubernetesOptions = {
  readonly [K in keyof typeof kubernetesOptions]: Static<(typeof kubernetesOptions)[K]['schema']>;
};
