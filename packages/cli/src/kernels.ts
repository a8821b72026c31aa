import type { Overview } from '@perijove/protocol';
import { findEnvironment } from './environment.ts';
import { renderHelp } from './help.ts';
import { kernelsTable } from './kernels-table.ts';
import { listOptions } from './options.ts';
import { parseOptions } from './parse-options.ts';
import { listServers, type ServerFile } from './server-file.ts';

const sections = [{ title: 'Kernels', options: listOptions }];

/** A server that does not answer within this time is passed over. */
const patienceMs = 5000;

export function kernelsHelp(): string {
  return renderHelp({
    usage: 'perijove kernels [FLAGS]',
    about: 'Shows the kernels of this user’s running servers: whose, for what, and what they use.',
    sections,
  });
}

export async function runKernels(args: readonly string[]): Promise<number> {
  const { values } = parseOptions(sections, { args, env: process.env, files: [] });
  const { paths } = await findEnvironment(process.env);
  const asked = await Promise.all((await listServers(paths.runtimeDir)).map(readOverview));
  const overviews = asked.flatMap((overview) => overview ?? []);
  if (values['json']) {
    process.stdout.write(`${JSON.stringify(overviews, undefined, 2)}\n`);
    return 0;
  }
  const kernels = overviews.flatMap((overview) => overview.kernels);
  process.stdout.write(kernelsTable(kernels, Date.now()) || 'No kernel is running.\n');
  return 0;
}

async function readOverview(server: ServerFile): Promise<(Overview & { server: string }) | undefined> {
  try {
    const response = await fetch(new URL('perijove/api/overview', server.url), {
      headers: { authorization: `token ${server.token}` },
      signal: AbortSignal.timeout(patienceMs),
    });
    return response.ok ? { server: server.url, ...((await response.json()) as Overview) } : undefined;
  } catch {
    return undefined; // on its way out, on a UNIX socket, or another program's
  }
}
