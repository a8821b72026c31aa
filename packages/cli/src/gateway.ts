import { Kernelspecs, type Kernelspec } from '@perijove/kernels';
import { checkAddress } from '@perijove/server';
import { composeGateway } from './compose-gateway.ts';
import { findEnvironment } from './environment.ts';
import { findExtraKernels } from './find-kernels.ts';
import type { GatewaySettings } from './gateway-settings.ts';
import { unknownJegVariables } from './jeg-names.ts';
import { announce, watchSignals, type Ending } from './lab.ts';
import { openLog } from './log.ts';
import { makeNeededFolders } from './needed-folders.ts';
import { terminalProgress } from './progress.ts';
import { readGatewaySettings } from './read-settings.ts';
import { UsageError } from './usage-error.ts';

/** `perijove gateway`. Resolves with the exit code when the gateway has ended. */
export async function runGateway(args: readonly string[]): Promise<number> {
  const environment = await findEnvironment(process.env);
  const { values, origins } = await readGatewaySettings(args, process.env);
  // Each value was checked against its declaration.
  const given = values as unknown as GatewaySettings;
  const settings: GatewaySettings = {
    ...given,
    portRetries: origins['port'] === 'flag' ? 0 : given.portRetries,
    defaultUrl: origins['defaultUrl'] === 'default' ? '/api/status' : given.defaultUrl,
  };
  const log = openLog(settings.logLevel, { stream: process.stderr, forPeople: process.stderr.isTTY });
  const progress = terminalProgress();
  const unknown = unknownJegVariables(process.env);
  if (unknown.length > 0)
    log.warn({}, `these variables of Enterprise Gateway mean nothing here: ${unknown.join(', ')}`);

  const stateDir = settings.stateDir || environment.stateDir;
  await makeNeededFolders([
    { path: stateDir, holds: 'Running kernels', elsewhere: 'Choose another folder with --state-dir.' },
    {
      path: environment.paths.runtimeDir,
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
      paths: environment.paths,
      log,
      extra,
      provisioners: ['local'],
      allowed: settings.allowedKernelspecs,
      defaultName: settings.defaultKernelName,
    });
  const kernelspecs = look(
    await findExtraKernels(environment, look, { mayMake: settings.privatePython, progress }),
  );

  const gateway = await composeGateway({
    settings,
    environment: { ...environment, stateDir },
    kernelspecs,
    log,
  });
  try {
    await gateway.server.listen();
  } catch (error) {
    await gateway.drain();
    throw new UsageError((error as Error).message, { cause: error });
  }
  process.stderr.write(`${gateway.limits}\n`);
  const removeServerFile = await announce(
    gateway,
    { ...settings, defaultUrl: '', browser: false },
    environment.paths.runtimeDir,
  );
  let settle: (ending: Ending) => void = () => undefined;
  const ending = new Promise<Ending>((resolve) => (settle = resolve));
  const stopWatching = watchSignals(gateway, settle, {
    onTerm: settings.killKernelsOnExit ? 'stop' : 'keep',
    hasAuditFile: !['', '-'].includes(settings.auditLog),
  });
  const { kernels } = await ending;
  stopWatching();
  await removeServerFile();
  const count = gateway.kernels();
  if (kernels === 'stop') {
    progress.step('Stopping the kernels and the gateway');
    await gateway.stopAll();
  } else {
    await gateway.drain();
    if (count > 0) {
      const they = count === 1 ? '1 kernel goes on' : `${count} kernels go on`;
      process.stderr.write(
        `Stopped. ${they} and will be taken over by the next gateway on ${settings.rootDir}; perijove stop --kernels ends them.\n`,
      );
    }
  }
  return 0;
}
