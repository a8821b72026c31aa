import { hostname, networkInterfaces } from 'node:os';
import type { Log } from '@perijove/kernels';
import { openClusterAccess } from '../cluster-access.ts';
import { ClusterClient } from '../cluster-client.ts';
import type { KubernetesOptions } from '../options.ts';
import { ClusterLease } from './cluster-lease.ts';
import { identityOf } from './lease-view.ts';

export interface OpenLeaseOptions {
  readonly options: KubernetesOptions;
  /** At which this server listens, or will. */
  readonly port: number;
  readonly log: Log;
}

/** The Lease that `--kubernetes-lease` names, in the namespace of this server. Rejects as `openClusterAccess`. */
export async function openClusterLease({ options, port, log }: OpenLeaseOptions): Promise<ClusterLease> {
  const access = await openClusterAccess(options);
  const host = options.kubernetesPodIp || ownAddress();
  return new ClusterLease({
    client: new ClusterClient(access),
    namespace: access.isInside ? access.namespace : options.kubernetesNamespace || access.namespace,
    name: options.kubernetesLease,
    identity: identityOf(hostname(), `${host.includes(':') ? `[${host}]` : host}:${port}`),
    durationS: options.kubernetesLeaseS,
    log,
  });
}

/** Of a pod, which has one. */
function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return (all.find(({ internal }) => !internal) ?? { address: '127.0.0.1' }).address;
}
