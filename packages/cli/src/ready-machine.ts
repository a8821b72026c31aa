import { Kernelspecs, type Kernelspec } from '@perijove/kernels';
import { hasCluster } from '@perijove/provisioners';
import { checkAddress, type HttpOptions } from '@perijove/server';
import type { Logger } from 'pino';
import type { Environment } from './environment.ts';
import { findExtraKernels } from './find-kernels.ts';
import { makeNeededFolders } from './needed-folders.ts';
import type { Progress } from './progress.ts';
import { UsageError } from './usage-error.ts';

export interface ReadyMachineOptions {
  readonly settings: HttpOptions & {
    readonly stateDir: string;
    readonly privatePython: boolean;
    readonly allowedKernelspecs: readonly string[];
    readonly defaultKernelName: string;
    readonly kubeconfig: string;
  };
  readonly environment: Environment;
  readonly progress: Progress;
  readonly log: Logger;
}

/**
 * What a server needs of this machine: its folders, its address, and kernels to start. What would keep it from starting is
 * said, as UsageError, before half a minute goes into a private Python.
 */
export async function readyMachine({
  settings,
  environment,
  progress,
  log,
}: ReadyMachineOptions): Promise<{ stateDir: string; kernelspecs: Kernelspecs }> {
  const { paths } = environment;
  const stateDir = settings.stateDir || environment.stateDir;
  await makeNeededFolders([
    {
      path: stateDir,
      holds: 'Running kernels and sessions',
      elsewhere: 'Choose another folder with --state-dir.',
    },
    {
      path: paths.runtimeDir,
      holds: "Kernels' connection files",
      elsewhere: 'Choose another folder with JUPYTER_RUNTIME_DIR.',
    },
  ]);
  try {
    await checkAddress(settings);
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
  const look = (extra: readonly Kernelspec[]): Kernelspecs =>
    new Kernelspecs({
      paths,
      log,
      extra,
      provisioners: hasCluster(settings, process.env) ? ['local', 'kubernetes'] : ['local'],
      allowed: settings.allowedKernelspecs,
      defaultName: settings.defaultKernelName,
    });
  const extra = await findExtraKernels(environment, look, { mayMake: settings.privatePython, progress });
  return { stateDir, kernelspecs: look(extra) };
}
