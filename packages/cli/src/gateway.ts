import { composeGateway } from './compose-gateway.ts';
import { findEnvironment } from './environment.ts';
import { findFrontEnd } from './front-end.ts';
import type { GatewaySettings } from './gateway-settings.ts';
import { unknownJegVariables } from './jeg-names.ts';
import { openLog } from './log.ts';
import { terminalProgress } from './progress.ts';
import { readGatewaySettings } from './read-settings.ts';
import { readyMachine } from './ready-machine.ts';
import { Endings } from './endings.ts';
import { serve } from './serve.ts';
import { orRelease, takeTheLead } from './take-the-lead.ts';

/** `perijove gateway`. Resolves with the exit code when the gateway has ended. */
export async function runGateway(args: readonly string[]): Promise<number> {
  const environment = await findEnvironment(process.env);
  const { values, origins } = await readGatewaySettings(args, process.env);
  // Each value was checked against its declaration.
  const given = values as unknown as GatewaySettings;
  const settings: GatewaySettings = {
    ...given,
    portRetries: origins['port'] === 'flag' ? 0 : given.portRetries,
    defaultUrl: origins['defaultUrl'] === 'default' ? '/overview' : given.defaultUrl,
  };
  const log = openLog(settings.logLevel, { stream: process.stderr, forPeople: process.stderr.isTTY });
  const progress = terminalProgress();
  const unknown = unknownJegVariables(process.env);
  if (unknown.length > 0)
    log.warn({}, `these variables of Enterprise Gateway mean nothing here: ${unknown.join(', ')}`);

  const { stateDir, kernelspecs } = await readyMachine({ settings, environment, progress, log });
  const endings = new Endings();
  const lead = await takeTheLead({ settings, env: process.env, endings, log });
  if (lead === 'ended') return 0;
  const gateway = await orRelease(lead, () =>
    composeGateway({
      settings,
      environment: { ...environment, stateDir },
      kernelspecs,
      appDir: findFrontEnd(),
      lead,
      log,
    }),
  );
  await serve(gateway, {
    settings: { ...settings, browser: false },
    lead,
    page: '',
    noun: 'gateway',
    runtimeDir: environment.paths.runtimeDir,
    endings,
    progress,
    log,
  });
  return 0;
}
