import type { Log } from '@perijove/kernels';
import { hasCluster, openClusterLease, type KubernetesOptions } from '@perijove/provisioners';
import { StandBy } from './stand-by.ts';
import type { Endings } from './endings.ts';
import { UsageError } from './usage-error.ts';

interface LeadSettings extends KubernetesOptions {
  readonly ip: string;
  readonly port: number;
  readonly sock: string;
}

/** This server works, and not another one of its name. */
export interface Lead {
  /** Before anything in the cluster is changed. Rejects if that is another's to do. */
  confirm(): Promise<void>;
  /** Lets go of the port: the server itself listens now. */
  openDoor(): Promise<void>;
  /** When the server has ended, or could not be put together: another one may begin. */
  release(): Promise<void>;
}

export interface LeadOptions {
  readonly settings: LeadSettings;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly endings: Endings;
  readonly log: Log;
}

/**
 * Stands by until this server has the Lease. Undefined: no Lease is asked for. 'ended': somebody ended it before. When the Lease is
 * lost later, the endings are settled: kernels are another server's then.
 */
export async function takeTheLead({
  settings,
  env,
  endings,
  log,
}: LeadOptions): Promise<Lead | undefined | 'ended'> {
  if (settings.kubernetesLease === '') return undefined;
  const { ip, port } = settings;
  if (!hasCluster(settings, env))
    throw new UsageError('--kubernetes-lease needs a cluster: --kubeconfig, or a server in a pod.');
  if (port === 0 || settings.sock !== '')
    throw new UsageError('--kubernetes-lease needs a --port that others can reach.');
  if (settings.kubernetesInstance === '')
    throw new UsageError(
      '--kubernetes-lease needs --kubernetes-instance: by that the next server knows the kernels.',
    );

  const lease = await openClusterLease({ options: settings, port, log });
  const ending = new AbortController();
  const ended = (): void => ending.abort(new Error('ended while standing by'));
  process.on('SIGTERM', ended);
  process.on('SIGINT', ended);
  const standBy = new StandBy({ ip, port, target: () => lease.elsewhere });
  try {
    await standBy.listen();
  } catch (error) {
    throw new UsageError(`--port ${port}: ${(error as Error).message}`, { cause: error });
  }
  try {
    await lease.acquire(ending.signal);
  } catch (error) {
    await standBy.close();
    if (ending.signal.aborted) return 'ended';
    throw error;
  } finally {
    process.off('SIGTERM', ended);
    process.off('SIGINT', ended);
  }
  log.info({}, `this server has the Lease ${settings.kubernetesLease}`);

  const holding = new AbortController();
  lease.hold(holding.signal).catch((error: unknown) => {
    if (holding.signal.aborted) return;
    log.error({ err: error }, "this server ends: its kernels are another one's now");
    endings.settle({ kernels: 'keep' });
  });
  return {
    confirm: () => lease.confirm(),
    openDoor: () => standBy.close(),
    release: async () => {
      holding.abort(new Error('released'));
      await standBy.close();
      await lease.release();
    },
  };
}

/** What `put` resolves with. If it rejects, whoever stands by gets the Lease: a server that is none would keep it for ever. */
export async function orRelease<T>(lead: Lead | undefined, put: () => Promise<T>): Promise<T> {
  try {
    return await put();
  } catch (error) {
    await lead?.release();
    throw error;
  }
}
