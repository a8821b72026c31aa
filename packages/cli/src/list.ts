import { orphanedKernels } from '@perijove/kernels';
import { findEnvironment } from './environment.ts';
import { renderHelp } from './help.ts';
import { openLog } from './log.ts';
import { listOptions } from './options.ts';
import { parseOptions } from './parse-options.ts';
import { listServers, type ServerFile } from './server-file.ts';

const sections = [{ title: 'List', options: listOptions }];

export function listHelp(): string {
  return renderHelp({
    usage: 'perijove list [FLAGS]',
    about:
      'Shows the running servers of this user, Jupyter’s own too, and the kernels that outlived their server.',
    sections,
  });
}

export async function runList(args: readonly string[]): Promise<number> {
  const { values } = parseOptions(sections, { args, env: process.env, files: [] });
  const { paths, stateDir } = await findEnvironment(process.env);
  const servers = await listServers(paths.runtimeDir);
  const log = openLog('warn', { stream: process.stderr, forPeople: process.stderr.isTTY });
  const kernels = await orphanedKernels(stateDir, log);
  if (values['json']) {
    process.stdout.write(
      `${JSON.stringify({ servers, kernels: kernels.map(({ record, root }) => ({ id: record.id, name: record.name, root })) }, undefined, 2)}\n`,
    );
    return 0;
  }
  process.stdout.write(
    servers.length === 0
      ? 'No server is running.\n'
      : `Running servers:\n${servers.map(serverLine).join('')}`,
  );
  if (kernels.length > 0) {
    process.stdout.write(
      `\nKernels that no server has (the next start on their folder takes them over; perijove stop --kernels ends them):\n` +
        kernels.map(({ record, root }) => `  ${record.id}  ${record.name}  ${root}\n`).join(''),
    );
  }
  return 0;
}

/** As Jupyter's own list: the URL that logs in, and the folder. */
function serverLine(server: ServerFile): string {
  const login = server.token === '' ? server.url : `${server.url}?token=${server.token}`;
  return `  ${login} :: ${server.root_dir}\n`;
}
