import { serverVersion, type Server } from '@perijove/server';
import type { Logger } from 'pino';
import type { Ending, Endings } from './endings.ts';
import { ask } from './interruption.ts';
import { openBrowser } from './open-browser.ts';
import type { Progress } from './progress.ts';
import { writeServerFile } from './server-file.ts';
import type { Lead } from './take-the-lead.ts';
import { UsageError } from './usage-error.ts';

const interruptTimeoutMs = 10_000;

/** A server with its kernels, put together. */
export interface Service {
  /** What keeps kernels within their limits, in one sentence. Undefined: they run elsewhere. */
  readonly limits: string | undefined;
  readonly server: Server;
  kernels(): number;
  /** After the file was moved away. */
  reopenAuditLog(): Promise<void>;
  /** Ends the server and leaves the kernels to the next one. */
  drain(): Promise<void>;
  /** Ends the server and all its kernels. */
  stopAll(): Promise<void>;
}

interface ServeSettings {
  readonly hashedPassword: string;
  /** The one that was given, if any. */
  readonly token?: string | undefined;
  readonly rootDir: string;
  readonly sock: string;
  readonly browser: boolean;
  readonly allowRoot: boolean;
  readonly killKernelsOnExit: boolean;
  readonly auditLog: string;
}

export interface ServeOptions {
  readonly settings: ServeSettings;
  /** Path of the page to open. */
  readonly page: string;
  /** How people call it. */
  readonly noun: 'server' | 'gateway';
  readonly runtimeDir: string;
  readonly endings: Endings;
  /** Undefined: there is no other server. */
  readonly lead: Lead | undefined;
  readonly progress: Progress;
  readonly log: Logger;
}

/** Listens, says where, and goes on until somebody ends it. Throws UsageError for an address that is not to be had. */
export async function serve(service: Service, options: ServeOptions): Promise<void> {
  try {
    await listenAndWait(service, options);
  } finally {
    await options.lead?.release();
  }
}

async function listenAndWait(service: Service, options: ServeOptions): Promise<void> {
  const { settings, endings, log } = options;
  try {
    await options.lead?.openDoor();
    await service.server.listen();
  } catch (error) {
    await service.drain();
    throw new UsageError((error as Error).message, { cause: error });
  }
  if (service.limits !== undefined) process.stderr.write(`${service.limits}\n`);
  const removeServerFile = await announce(service, { ...settings, page: options.page }, options.runtimeDir);
  if (process.getuid?.() === 0 && !settings.allowRoot) {
    log.warn(
      {},
      'running as root: notebooks and terminals may do anything on this machine (--allow-root silences this)',
    );
  }
  const stopWatching = watchSignals(service, endings.settle, {
    onTerm: settings.killKernelsOnExit ? 'stop' : 'keep',
    hasAuditFile: !['', '-'].includes(settings.auditLog),
  });
  const { kernels } = await endings.first;
  stopWatching();
  await removeServerFile();
  if (kernels === 'stop') {
    options.progress.step(`Stopping the kernels and the ${options.noun}`);
    await service.stopAll();
    return;
  }
  const count = service.kernels();
  await service.drain();
  if (count > 0) {
    const they = count === 1 ? '1 kernel goes on' : `${count} kernels go on`;
    process.stderr.write(
      `Stopped. ${they} and will be taken over by the next start on ${settings.rootDir}; perijove stop --kernels ends them.\n`,
    );
  }
}

/** Prints where to go, writes the file by which other tools find the server, opens a browser. */
async function announce(
  { server }: Pick<Service, 'server'>,
  settings: ServeSettings & { readonly page: string },
  runtimeDir: string,
): Promise<() => Promise<void>> {
  const { url, token } = server;
  const page = new URL(settings.page.replace(/^\//, ''), url);
  // One that somebody has given is known to them; whoever reads this in a log is another.
  const isKnown = token === settings.token && !process.stdout.isTTY;
  if (token !== '' && !isKnown) page.searchParams.set('token', token);
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
function watchSignals(
  service: Pick<Service, 'kernels' | 'reopenAuditLog'>,
  settle: (ending: Ending) => void,
  { onTerm, hasAuditFile }: { readonly onTerm: Ending['kernels']; readonly hasAuditFile: boolean },
): () => void {
  let asking = false;
  const interrupted = (): void => {
    if (!process.stdin.isTTY || asking) return settle({ kernels: 'stop' });
    asking = true;
    void ask(service.kernels(), interruptTimeoutMs).then((answer) => {
      asking = false;
      if (answer !== 'goOn') settle({ kernels: answer === 'stopKernels' ? 'stop' : 'keep' });
    });
  };
  const terminated = (): void => settle({ kernels: onTerm });
  process.on('SIGINT', interrupted);
  process.on('SIGTERM', terminated);
  // From who turns logs over; in a terminal, it says that the terminal is closed.
  const hungUp = hasAuditFile && !process.stdin.isTTY ? () => void service.reopenAuditLog() : terminated;
  process.on('SIGHUP', hungUp);
  return () => {
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', terminated);
    process.off('SIGHUP', hungUp);
  };
}
