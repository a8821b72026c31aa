import { expect, test } from 'vitest';
import { jupyterPaths } from './jupyter-paths.ts';

const venv = { path: '/venv', isOwnEnvironment: true };
const system = { path: '/opt/python', isOwnEnvironment: false };

test('[D1] without any variable: the user, the Python prefix, the system; IPython last for kernels', () => {
  const paths = jupyterPaths({}, '/home/me', 'linux', { prefixes: [system], userBase: '/home/me/.local' });
  expect(paths).toEqual({
    configDir: '/home/me/.jupyter',
    configPath: [
      '/home/me/.jupyter',
      '/home/me/.local/etc/jupyter',
      '/opt/python/etc/jupyter',
      '/usr/local/etc/jupyter',
      '/etc/jupyter',
    ],
    dataDir: '/home/me/.local/share/jupyter',
    dataPath: [
      '/home/me/.local/share/jupyter',
      '/opt/python/share/jupyter',
      '/usr/local/share/jupyter',
      '/usr/share/jupyter',
    ],
    runtimeDir: '/home/me/.local/share/jupyter/runtime',
    labSettingsDir: '/home/me/.jupyter/lab/user-settings',
    labWorkspacesDir: '/home/me/.jupyter/lab/workspaces',
    labExtensionsPath: [
      '/home/me/.local/share/jupyter/labextensions',
      '/opt/python/share/jupyter/labextensions',
      '/usr/local/share/jupyter/labextensions',
      '/usr/share/jupyter/labextensions',
    ],
    kernelsPath: [
      '/home/me/.local/share/jupyter/kernels',
      '/opt/python/share/jupyter/kernels',
      '/usr/local/share/jupyter/kernels',
      '/usr/share/jupyter/kernels',
      '/home/me/.ipython/kernels',
    ],
  });
});

test.each([
  [{}, '/venv/share/jupyter'],
  [{ JUPYTER_PREFER_ENV_PATH: '0' }, '/home/me/.local/share/jupyter'],
  [{ JUPYTER_PREFER_ENV_PATH: 'no' }, '/home/me/.local/share/jupyter'],
  [{ JUPYTER_PREFER_ENV_PATH: '' }, '/venv/share/jupyter'],
])("[D2] a venv of one's own goes before the user's folder, unless told otherwise (%j)", (env, first) => {
  expect(jupyterPaths(env, '/home/me', 'linux', { prefixes: [venv] }).dataPath[0]).toBe(first);
});

test('[D2] JUPYTER_PREFER_ENV_PATH puts every Python prefix before the user', () => {
  const { dataPath } = jupyterPaths({ JUPYTER_PREFER_ENV_PATH: '1' }, '/home/me', 'linux', {
    prefixes: [system],
  });
  expect(dataPath.slice(0, 2)).toEqual(['/opt/python/share/jupyter', '/home/me/.local/share/jupyter']);
});

test('[D3] JUPYTER_PATH and JUPYTER_CONFIG_PATH come first, without slashes at their end, and nothing twice', () => {
  const env = { JUPYTER_PATH: '/a/:/b', JUPYTER_CONFIG_PATH: '/c//' };
  const paths = jupyterPaths(env, '/home/me', 'linux', {
    prefixes: [{ path: '/usr', isOwnEnvironment: false }],
  });
  expect(paths.dataPath).toEqual([
    '/a',
    '/b',
    '/home/me/.local/share/jupyter',
    '/usr/local/share/jupyter',
    '/usr/share/jupyter',
  ]);
  expect(paths.configPath[0]).toBe('/c');
});

test('[D4] folders of their own variables', () => {
  const env = {
    JUPYTER_CONFIG_DIR: '/config',
    JUPYTER_DATA_DIR: '/data',
    JUPYTER_RUNTIME_DIR: '/run/jupyter',
    JUPYTERLAB_SETTINGS_DIR: '/settings',
    JUPYTERLAB_WORKSPACES_DIR: '/workspaces',
    IPYTHONDIR: '/ipython',
  };
  expect(jupyterPaths(env, '/home/me', 'linux')).toMatchObject({
    configDir: '/config',
    dataDir: '/data',
    runtimeDir: '/run/jupyter',
    labSettingsDir: '/settings',
    labWorkspacesDir: '/workspaces',
    kernelsPath: [
      '/data/kernels',
      '/usr/local/share/jupyter/kernels',
      '/usr/share/jupyter/kernels',
      '/ipython/kernels',
    ],
  });
});

test('[D5] JUPYTER_NO_CONFIG: a clean folder of the caller, and no other', () => {
  const env = { JUPYTER_NO_CONFIG: '1', JUPYTER_CONFIG_DIR: '/config' };
  expect(jupyterPaths(env, '/home/me', 'linux', { cleanConfigDir: '/clean' })).toMatchObject({
    configDir: '/clean',
    configPath: ['/clean'],
  });
  expect(() => jupyterPaths(env, '/home/me', 'linux')).toThrow(TypeError);
});

test('[D6] macOS keeps its data in ~/Library, with JUPYTER_PLATFORM_DIRS the configuration too', () => {
  expect(jupyterPaths({}, '/Users/me', 'darwin')).toMatchObject({
    configDir: '/Users/me/.jupyter',
    dataDir: '/Users/me/Library/Jupyter',
    runtimeDir: '/Users/me/Library/Jupyter/runtime',
  });
  expect(jupyterPaths({ JUPYTER_PLATFORM_DIRS: '1' }, '/Users/me', 'darwin')).toMatchObject({
    configDir: '/Users/me/Library/Application Support/Jupyter',
    dataDir: '/Users/me/Library/Application Support/Jupyter',
    dataPath: ['/Users/me/Library/Application Support/Jupyter', '/Library/Application Support/Jupyter'],
  });
});
