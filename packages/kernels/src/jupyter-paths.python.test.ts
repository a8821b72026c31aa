import { execFile } from 'node:child_process';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { testPython } from '@perijove/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jupyterPaths } from './jupyter-paths.ts';

const python = testPython();
let home: string;

beforeAll(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), 'perijove-home-')));
});

afterAll(() => rm(home, { recursive: true }));

const cases: Record<string, string>[] = [
  {},
  { XDG_DATA_HOME: '/xdg/data' },
  { JUPYTER_DATA_DIR: '/data', JUPYTER_CONFIG_DIR: '/config', JUPYTER_RUNTIME_DIR: '/run' },
  { JUPYTER_PATH: '/a:/b/', JUPYTER_CONFIG_PATH: '/c:/d/' },
  { JUPYTER_PREFER_ENV_PATH: '0' },
  { JUPYTER_PREFER_ENV_PATH: 'FALSE' },
  { JUPYTER_PREFER_ENV_PATH: '' },
  { JUPYTER_PLATFORM_DIRS: '1' },
  { JUPYTER_PLATFORM_DIRS: '1', XDG_DATA_HOME: '/x/data', XDG_CONFIG_HOME: '/x/config' },
  { JUPYTER_PLATFORM_DIRS: '1', XDG_DATA_DIRS: '/s/1:relative:/s/2', XDG_CONFIG_DIRS: '/e/1' },
  { JUPYTER_PLATFORM_DIRS: 'off', JUPYTER_DATA_DIR: '/data' },
];

test.each(cases)('[D7] jupyter_core answers the same for %j', async (env) => {
  const { stdout } = await promisify(execFile)(python, ['-m', 'jupyter_core', '--paths', '--json'], {
    env: { HOME: home, PATH: '/usr/bin:/bin', ...env },
  });
  const expected = JSON.parse(stdout) as Record<'config' | 'data' | 'runtime', string[]>;
  const prefixes = [{ path: dirname(dirname(python)), isOwnEnvironment: true }];
  const paths = jupyterPaths(env, home, process.platform, { prefixes });
  expect({ config: paths.configPath, data: paths.dataPath, runtime: [paths.runtimeDir] }).toEqual(expected);
});
