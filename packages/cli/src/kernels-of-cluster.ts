import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log, Provisioner } from '@perijove/kernels';
import {
  hasCluster,
  kubernetesProvisioner,
  openClusterAccess,
  type KubernetesOptions,
} from '@perijove/provisioners';
import type { Lead } from './take-the-lead.ts';

export interface ClusterKernelsOptions {
  readonly settings: KubernetesOptions;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stateDir: string;
  readonly rootDir: string;
  /** Of several servers, this is the one that has the kernels. */
  readonly lead?: Lead | undefined;
  readonly log: Log;
}

/** What `--kubeconfig`, or a pod that this server is in, asks for; undefined without them. */
export async function kernelsOfCluster(options: ClusterKernelsOptions): Promise<Provisioner | undefined> {
  const { settings, env, stateDir, rootDir, lead, log } = options;
  if (!hasCluster(settings, env)) return undefined;
  return kubernetesProvisioner({
    openAccess: () => openClusterAccess(settings),
    options: settings,
    instance: settings.kubernetesInstance || (await ownInstance(stateDir, rootDir)),
    confirm: lead && (() => lead.confirm()),
    log,
  });
}

/** Each root folder has a server of its own, which must not take another's pods for its own; nor that of another machine. */
async function ownInstance(stateDir: string, rootDir: string): Promise<string> {
  const root = createHash('sha256').update(rootDir).digest('hex').slice(0, 8);
  return `${await idOfState(stateDir)}-${root}`;
}

async function idOfState(stateDir: string): Promise<string> {
  const file = join(stateDir, 'kubernetes-instance');
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  // Two servers that start at once agree on the one that was first.
  await writeFile(file, randomUUID().slice(0, 13), { flag: 'wx', mode: 0o600 }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  });
  return (await readFile(file, 'utf8')).trim();
}
