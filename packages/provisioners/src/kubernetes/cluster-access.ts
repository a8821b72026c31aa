import { existsSync } from 'node:fs';
import type { Agent, RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { KernelError } from '@perijove/kernels';
import type { KubernetesOptions } from './options.ts';

/** What a request to the cluster's API has to have. Headers are secret. */
export interface ClusterCredentials {
  readonly tls: Pick<
    RequestOptions,
    'ca' | 'cert' | 'key' | 'pfx' | 'passphrase' | 'servername' | 'rejectUnauthorized'
  >;
  readonly headers: Readonly<Record<string, string>>;
  /** Where a proxy stands before the cluster. */
  readonly agent?: Agent;
}

/** Where the cluster is, and how it knows us. */
export interface ClusterAccess {
  readonly server: URL;
  /** Of the kubeconfig's context, or this server's own. */
  readonly namespace: string;
  /** Whether this server is a pod of the cluster: then it reaches the others at their addresses. */
  readonly isInside: boolean;
  /** Asked for every request: tokens expire, and files with them are written anew. */
  credentials(): Promise<ClusterCredentials>;
}

/** Kubernetes docs, "Accessing the Kubernetes API from a Pod". */
const tokenFile = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/** Whether there is a cluster that settings or surroundings speak of. */
export function hasCluster(
  { kubeconfig }: Pick<KubernetesOptions, 'kubeconfig'>,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  return kubeconfig !== '' || (Boolean(env['KUBERNETES_SERVICE_HOST']) && existsSync(tokenFile));
}

/**
 * Reads the kubeconfig, or what a pod is given. Rejects with KERNEL_LAUNCH_FAILED, which says what is wrong with it. All the ways
 * in which a kubeconfig may say who somebody is (certificates, tokens, programs, OpenID Connect) are the official client's.
 */
export async function openClusterAccess(
  options: Pick<KubernetesOptions, 'kubeconfig' | 'kubernetesContext'>,
): Promise<ClusterAccess> {
  // A megabyte of generated code comes with it: only who has a cluster reads it.
  const { KubeConfig: Config } = await import('@kubernetes/client-node/dist/config.js');
  const config: KubeConfig = new Config();
  const { kubeconfig: file, kubernetesContext: context } = options;
  try {
    if (file === '') config.loadFromCluster();
    else config.loadFromFile(file);
  } catch (error) {
    throw refused(
      `${file || 'the service account of this pod'} cannot be read: ${(error as Error).message}`,
      error,
    );
  }
  if (context !== '') {
    if (!config.getContextObject(context)) {
      const names = config.getContexts().map(({ name }) => name);
      throw refused(`${file} has no context ${context}; it has ${names.join(', ') || 'none'}`);
    }
    config.setCurrentContext(context);
  }
  const cluster = config.getCurrentCluster();
  if (!cluster?.server) throw refused(`${file} names no cluster; set its current-context`);
  const hasProxy = cluster.proxyUrl !== undefined;
  return {
    server: new URL(cluster.server),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? 'default',
    isInside: file === '',
    credentials: async () => {
      const given: RequestOptions = {};
      try {
        await config.applyToHTTPSOptions(given);
      } catch (error) {
        throw refused(`no credentials for ${cluster.server}: ${(error as Error).message}`, error);
      }
      const { ca, cert, key, pfx, passphrase, servername, auth } = given;
      const basic = typeof auth === 'string' && `Basic ${Buffer.from(auth).toString('base64')}`;
      return {
        tls: {
          ca,
          cert,
          key,
          pfx,
          passphrase,
          ...(servername === undefined ? {} : { servername }),
          ...(cluster.skipTLSVerify ? { rejectUnauthorized: false } : {}),
        },
        headers: { ...plain(given.headers), ...(basic ? { authorization: basic } : {}) },
        ...(hasProxy ? { agent: given.agent as Agent } : {}),
      };
    },
  };
}

function plain(headers: RequestOptions['headers'] = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

function refused(message: string, cause?: unknown): KernelError {
  return new KernelError('KERNEL_LAUNCH_FAILED', `The cluster cannot be asked: ${message}`, { cause });
}
