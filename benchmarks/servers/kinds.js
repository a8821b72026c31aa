// The servers that are compared, as commands: ours as built, and the peers that the environment names.
//   PERIJOVE_BENCH_PYTHON     a Python with the newest jupyter_server, jupyterlab and ipykernel
//   PERIJOVE_BENCH_JEG        the `jupyter-enterprisegateway` command of an environment of its own
//   PERIJOVE_BENCH_JUPYVERSE  the `jupyverse` command of an environment with its jupyterlab and auth plugins
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const python = process.env.PERIJOVE_BENCH_PYTHON;
const jupyverse = process.env.PERIJOVE_BENCH_JUPYVERSE;
const enterpriseGateway = process.env.PERIJOVE_BENCH_JEG;

export const token = 'bench';

const perijove = (program) => ({
  version: () => JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version,
  command: ({ port, notebooks }) => [
    process.execPath,
    join(root, program),
    'lab',
    `--port=${port}`,
    `--token=${token}`,
    `--root-dir=${notebooks}`,
    '--no-browser',
    '--no-private-python',
  ],
  canReplay: true,
});

const jupyterServer = (module) => ({
  version: () => pythonVersions(python, ['jupyter_server', 'jupyterlab']),
  command: ({ port, notebooks }) => [
    python,
    '-m',
    module,
    '--no-browser',
    '--allow-root',
    `--port=${port}`,
    `--IdentityProvider.token=${token}`,
    `--ServerApp.root_dir=${notebooks}`,
  ],
  // Without it most of what a busy kernel says is dropped.
  withoutRateLimit: ['--ZMQChannelsWebsocketConnection.limit_rate=False'],
});

/** `api` is what answers soonest of each. */
export const kinds = {
  ...(enterpriseGateway
    ? {
        'enterprise gateway': {
          version: () =>
            pythonVersions(join(dirname(enterpriseGateway), 'python'), ['jupyter_enterprise_gateway']),
          command: ({ port }) => [enterpriseGateway, '--ip=127.0.0.1', `--port=${port}`, '--port_retries=0'],
          api: 'api',
          onlyWhenAsked: true,
        },
      }
    : {}),
  perijove: { ...perijove('dist/perijove.js'), api: 'api' },
  'perijove of a clone': { ...perijove('bin/perijove.js'), api: 'api', onlyWhenAsked: true },
  ...(python
    ? {
        jupyter_server: { ...jupyterServer('jupyter_server'), api: 'api', onlyWhenAsked: true },
        'jupyter lab': { ...jupyterServer('jupyterlab'), api: 'api' },
      }
    : {}),
  ...(jupyverse
    ? {
        jupyverse: {
          version: () => pythonVersions(join(dirname(jupyverse), 'python'), ['jupyverse', 'fps_kernels']),
          command: ({ port }) => [
            jupyverse,
            '--port',
            String(port),
            '--set',
            'auth.mode=noauth',
            '--timeout',
            '60',
          ],
          api: 'api/status',
        },
      }
    : {}),
};

/** Ours and the peers that are there; says of the others that they are not. */
export function installedServers() {
  if (!existsSync(join(root, 'dist/perijove.js'))) throw new Error('not built: run `npm run build`');
  if (!python) console.log('peer not installed: jupyter_server (set PERIJOVE_BENCH_PYTHON)');
  if (!jupyverse) console.log('peer not installed: jupyverse (set PERIJOVE_BENCH_JUPYVERSE)');
  return Object.keys(kinds).filter((name) => !kinds[name].onlyWhenAsked);
}

export function versionOf(name) {
  return `${name} ${kinds[name].version()}`;
}

function pythonVersions(executable, packages) {
  const code = `from importlib.metadata import version; print(*(f"{p} {version(p)}" for p in ${JSON.stringify(packages)}), sep=", ")`;
  return `(${spawnSync(executable, ['-c', code], { encoding: 'utf8' }).stdout.trim()})`;
}
