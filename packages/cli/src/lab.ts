import { composeLab } from './compose-lab.ts';
import { findEnvironment } from './environment.ts';
import { findFrontEnd } from './front-end.ts';
import { kernelsOfGateway } from './kernels-of-gateway.ts';
import type { LabSettings } from './lab-settings.ts';
import { openLog } from './log.ts';
import { terminalProgress } from './progress.ts';
import { readSettings } from './read-settings.ts';
import { readyMachine } from './ready-machine.ts';
import { Endings } from './endings.ts';
import { serve } from './serve.ts';
import { orRelease, takeTheLead } from './take-the-lead.ts';
import { warnOfSecretsInFlags } from './warn-of-secrets-in-flags.ts';

/** `perijove lab`. Resolves with the exit code when the server has ended. */
export async function runLab(args: readonly string[]): Promise<number> {
  const environment = await findEnvironment(process.env);
  const { values, origins } = await readSettings(args, process.env, environment);
  // Each value was checked against its declaration.
  const given = values as unknown as LabSettings;
  const settings: LabSettings = { ...given, portRetries: origins['port'] === 'flag' ? 0 : given.portRetries };
  const log = openLog(settings.logLevel, { stream: process.stderr, forPeople: process.stderr.isTTY });
  warnOfSecretsInFlags(given, origins, log);
  const progress = terminalProgress();
  const appDir = findFrontEnd();

  const elsewhere = kernelsOfGateway(settings, process.env, log);
  const { stateDir, kernelspecs } = await readyMachine({
    settings: { ...settings, privatePython: settings.privatePython && elsewhere === undefined },
    environment,
    progress,
    log,
  });
  const endings = new Endings();
  const lead = await takeTheLead({ settings, env: process.env, endings, log });
  if (lead === 'ended') return 0;
  const lab = await orRelease(lead, () =>
    composeLab({
      settings,
      environment: { ...environment, stateDir },
      kernelspecs,
      elsewhere,
      appDir,
      lead,
      contentsWorker: new URL('./contents-worker.js', import.meta.url),
      log,
      onShutdownRequest: () => endings.settle({ kernels: 'stop' }),
    }),
  );
  const { runtimeDir } = environment.paths;
  await serve(lab, {
    settings,
    lead,
    page: settings.defaultUrl,
    noun: 'server',
    runtimeDir,
    endings,
    progress,
    log,
  });
  return 0;
}
