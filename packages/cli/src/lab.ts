import { existsSync } from 'node:fs';
import { Kernelspecs, type Kernelspec } from '@perijove/kernels';
import { composeLab, type Lab } from './compose-lab.ts';
import { findEnvironment } from './environment.ts';
import { findExtraKernels } from './find-kernels.ts';
import { ask } from './interruption.ts';
import { kernelsOfGateway } from './kernels-of-gateway.ts';
import type { LabSettings } from './lab-settings.ts';
import { openLog } from './log.ts';
import { makeNeededFolders } from './needed-folders.ts';
import { openBrowser } from './open-browser.ts';
import { terminalProgress } from './progress.ts';
import { readSettings } from './read-settings.ts';
import { writeServerFile } from './server-file.ts';
import { UsageError } from './usage-error.ts';
import { checkAddress, serverVersion } from '@perijove/server';

const interruptTimeoutMs = 10_000;

/** What ends the server: somebody's wish, and whether the kernels go with it. */
export interface Ending {
  readonly kernels: 'stop' | 'keep';
}

/** `perijove lab`. Resolves with the exit code when the server has ended. */
export async function runLab(args: readonly string[]): Promise<number> {
  const environment = await findEnvironment(process.env);
  const { values, origins } = await readSettings(args, process.env, environment);
  // Each value was checked against its declaration.
  const given = values as unknown as LabSettings;
  const settings: LabSettings = { ...given, portRetries: origins['port'] === 'flag' ? 0 : given.portRetries };
  const log = openLog(settings.logLevel, { stream: process.stderr, forPeople: process.stderr.isTTY });
  const progress = terminalProgress();
  const appDir = findFrontEnd();

  const stateDir = settings.stateDir || environment.stateDir;
  // What would keep the server from starting is said before half a minute goes into a private Python.
  await makeNeededFolders([
    {
      path: stateDir,
      holds: 'Running kernels and sessions',
      elsewhere: 'Choose another folder with --state-dir.',
    },
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
  const elsewhere = kernelsOfGateway(settings, process.env, log);
  const kernelspecs = look(
    elsewhere ? [] : await findExtraKernels(environment, look, { mayMake: settings.privatePython, progress }),
  );

  let settle: (ending: Ending) => void = () => undefined;
  const ending = new Promise<Ending>((resolve) => (settle = resolve));
  const lab = await composeLab({
    settings,
    environment: { ...environment, stateDir },
    kernelspecs,
    elsewhere,
    appDir,
    contentsWorker: new URL('./contents-worker.js', import.meta.url),
    log,
    onShutdownRequest: () => settle({ kernels: 'stop' }),
  });
  try {
    await lab.server.listen();
  } catch (error) {
    await lab.drain();
    throw new UsageError((error as Error).message, { cause: error });
  }

  if (lab.limits !== undefined) process.stderr.write(`${lab.limits}\n`);
  const removeServerFile = await announce(lab, settings, environment.paths.runtimeDir);
  if (process.getuid?.() === 0 && !settings.allowRoot) {
    log.warn(
      {},
      'running as root: notebooks and terminals may do anything on this machine (--allow-root silences this)',
    );
  }
  const stopWatching = watchSignals(lab, settle, {
    onTerm: settings.killKernelsOnExit ? 'stop' : 'keep',
    hasAuditFile: !['', '-'].includes(settings.auditLog),
  });
  const { kernels } = await ending;
  stopWatching();
  await removeServerFile();
  if (kernels === 'stop') {
    progress.step('Stopping the kernels and the server');
    await lab.stopAll();
  } else {
    const count = lab.kernels();
    await lab.drain();
    if (count > 0) {
      const they = count === 1 ? '1 kernel goes on' : `${count} kernels go on`;
      process.stderr.write(
        `Stopped. ${they} and will be taken over by the next start on ${settings.rootDir}; perijove stop --kernels ends them.\n`,
      );
    }
  }
  return 0;
}

type AnnouncedSettings = Pick<LabSettings, 'defaultUrl' | 'hashedPassword' | 'rootDir' | 'sock' | 'browser'>;

/** Prints where to go, writes the file by which other tools find the server, opens a browser. */
export async function announce(
  { server }: Pick<Lab, 'server'>,
  settings: AnnouncedSettings,
  runtimeDir: string,
): Promise<() => Promise<void>> {
  const { url, token } = server;
  const page = new URL(settings.defaultUrl.replace(/^\//, ''), url);
  if (token !== '') page.searchParams.set('token', token);
  const { hostname, port, protocol } = page;
  const remove = await writeServerFile(runtimeDir, {
    base_url: new URL(url).pathname,
    hostname,
    password: settings.hashedPassword !== '',
    pid: process.pid,
    port: Number(port || (protocol === 'https:' ? 443 : 80)),
    root_dir: settings.rootDir,
    secure: protocol === 'https:',
    sock: settings.sock,
    token,
    url,
    version: serverVersion,
  });
  process.stdout.write(
    settings.sock === '' ? `Perijove is at ${page.href}\n` : `Perijove listens on ${settings.sock}\n`,
  );
  if (settings.browser && settings.sock === '') openBrowser(page.href);
  return remove;
}

/** Ctrl-C asks, a second one stops all; SIGTERM and SIGHUP do what is set. Returns the function that stops listening. */
export function watchSignals(
  lab: Pick<Lab, 'kernels' | 'reopenAuditLog'>,
  settle: (ending: Ending) => void,
  { onTerm, hasAuditFile }: { readonly onTerm: Ending['kernels']; readonly hasAuditFile: boolean },
): () => void {
  let asking = false;
  const interrupted = (): void => {
    if (!process.stdin.isTTY || asking) return settle({ kernels: 'stop' });
    asking = true;
    void ask(lab.kernels(), interruptTimeoutMs).then((answer) => {
      asking = false;
      if (answer !== 'goOn') settle({ kernels: answer === 'stopKernels' ? 'stop' : 'keep' });
    });
  };
  const terminated = (): void => settle({ kernels: onTerm });
  process.on('SIGINT', interrupted);
  process.on('SIGTERM', terminated);
  // From who turns logs over; in a terminal, it says that the terminal is closed.
  const hungUp = hasAuditFile && !process.stdin.isTTY ? () => void lab.reopenAuditLog() : terminated;
  process.on('SIGHUP', hungUp);
  return () => {
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', terminated);
    process.off('SIGHUP', hungUp);
  };
}

/** Beside the bundle, in the clone and in the published package alike. */
function findFrontEnd(): string {
  const appDir = new URL('../packages/lab/dist/', import.meta.url);
  if (!existsSync(new URL('manifest.json', appDir))) {
    throw new UsageError(
      'The front end is not built. In a clone, npm run build makes it; a package without it is broken: install it again.',
    );
  }
  return appDir.pathname.replace(/\/$/, '');
}
