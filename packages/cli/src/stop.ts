import { setTimeout as delay } from 'node:timers/promises';
import { endOrphanedKernel, orphanedKernels, type OrphanedKernel } from '@perijove/kernels';
import { localProvisioner } from '@perijove/provisioners';
import type { Logger } from 'pino';
import { findEnvironment, type Environment } from './environment.ts';
import { renderHelp } from './help.ts';
import { stopOptions } from './options.ts';
import { openLog } from './log.ts';
import { parseOptions } from './parse-options.ts';
import { isAlive, listServers, type ServerFile } from './server-file.ts';
import { UsageError } from './usage-error.ts';

const sections = [{ title: 'Stop', options: stopOptions }];
const pollMs = 50;

export function stopHelp(): string {
  return renderHelp({
    usage: 'perijove stop [PORT] [FLAGS]',
    about:
      'Stops the server on that port, or the only one that runs. Its kernels go on and belong to the next start on the same folder, unless --kernels is given.',
    sections,
  });
}

export async function runStop(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseOptions(sections, { args, env: process.env, files: [] });
  const timeoutMs = (values['timeoutS'] as number) * 1000;
  const environment = await findEnvironment(process.env);
  const { paths, stateDir } = environment;
  const log = openLog('warn', { stream: process.stderr, forPeople: process.stderr.isTTY });
  const running = await listServers(paths.runtimeDir);
  const orphans = values['kernels'] ? await orphanedKernels(stateDir, log) : [];
  const servers = choose(running, positionals, {
    all: values['all'] === true,
    mayBeNone: orphans.length > 0,
  });

  let code = 0;
  for (const server of servers) if (!(await stopServer(server, timeoutMs))) code = 1;
  if (!values['kernels']) return code;
  // What a stopped server left is an orphan now.
  for (const kernel of await orphanedKernels(stateDir, log))
    await endKernel(kernel, environment, timeoutMs, log);
  return code;
}

/** Which servers are meant. Throws UsageError where that is not clear. */
export function choose(
  running: readonly ServerFile[],
  ports: readonly string[],
  { all, mayBeNone }: { all: boolean; mayBeNone: boolean },
): readonly ServerFile[] {
  if (all) return running;
  if (ports.length > 0) {
    return ports.map((port) => {
      const server = running.find((candidate) => String(candidate.port) === port || candidate.sock === port);
      if (!server)
        throw new UsageError(`No server runs on port ${port}. perijove list shows those that run.`);
      return server;
    });
  }
  if (running.length === 1) return running;
  if (running.length === 0 && mayBeNone) return [];
  if (running.length === 0) throw new UsageError('No server is running.');
  const known = running.map(({ port, root_dir }) => `${port} (${root_dir})`).join(', ');
  throw new UsageError(`More than one server runs: ${known}. Say which port, or --all.`);
}

async function stopServer(server: ServerFile, timeoutMs: number): Promise<boolean> {
  process.kill(server.pid, 'SIGTERM');
  const deadline = Date.now() + timeoutMs;
  while (isAlive(server.pid)) {
    if (Date.now() > deadline) {
      process.stderr.write(
        `The server on port ${server.port} (process ${server.pid}) has not ended within ${timeoutMs / 1000} s.\n`,
      );
      return false;
    }
    await delay(pollMs);
  }
  process.stdout.write(`Stopped the server on port ${server.port} (${server.root_dir}).\n`);
  return true;
}

async function endKernel(
  kernel: OrphanedKernel,
  environment: Environment,
  graceMs: number,
  log: Logger,
): Promise<void> {
  const { paths, stateDir, home, pythons } = environment;
  const local = localProvisioner({
    runtimeDir: paths.runtimeDir,
    stateDir,
    env: {},
    home,
    log,
    python: pythons.executable,
  });
  const { record, root } = kernel;
  const what = await endOrphanedKernel(kernel, {
    provisioners: new Map([[local.name, local]]),
    graceMs,
    log,
  });
  const told = {
    ended: 'Ended kernel',
    gone: 'Had ended already: kernel',
    taken: 'Left alone, since a server has it again or it runs elsewhere: kernel',
  };
  process.stdout.write(`${told[what]} ${record.id} (${record.name}) of ${root}.\n`);
}
