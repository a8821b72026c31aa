// Where Jupyter keeps its files, as jupyter_core 5.9 (`paths.py`) decides it, so that a user's kernels, settings and
// extensions are simply there. Windows is out of scope.
import { posix } from 'node:path';

export interface JupyterPaths {
  readonly configDir: string;
  /** Folders of configuration files, the first one wins. */
  readonly configPath: readonly string[];
  readonly dataDir: string;
  /** Folders that hold `kernels/`, `labextensions/`, …: the first one wins. */
  readonly dataPath: readonly string[];
  readonly runtimeDir: string;
  readonly labSettingsDir: string;
  readonly labWorkspacesDir: string;
  readonly labExtensionsPath: readonly string[];
  readonly kernelsPath: readonly string[];
}

/** A Python installation whose `share/jupyter` and `etc/jupyter` are searched. jupyter_core has one, its own `sys.prefix`. */
export interface PythonPrefix {
  readonly path: string;
  /** A venv, or a conda environment other than `base`, that the user owns: searched before the user's own folder. */
  readonly isOwnEnvironment: boolean;
}

export interface JupyterPathsOptions {
  /** In order of precedence; see `findPythonPrefixes`. */
  readonly prefixes?: readonly PythonPrefix[];
  /** Python's `site.getuserbase()`; absent where Python would not use its user site (in a venv). */
  readonly userBase?: string | undefined;
  /** A fresh folder of the caller's, needed if `JUPYTER_NO_CONFIG` is set. */
  readonly cleanConfigDir?: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Derives Jupyter's folders from environment variables. Touches no disk. `home` is to be without symlinks, as
 * jupyter_core resolves it. Throws a TypeError if `JUPYTER_NO_CONFIG` is set and there is no `cleanConfigDir`.
 */
export function jupyterPaths(
  env: Environment,
  home: string,
  platform: NodeJS.Platform,
  options: JupyterPathsOptions = {},
): JupyterPaths {
  const prefixes = options.prefixes ?? [];
  const isBrewed = prefixes.some((prefix) => prefix.path.startsWith('/opt/homebrew'));
  const defaults = isSet(env['JUPYTER_PLATFORM_DIRS'])
    ? platformFolders(env, home, platform, isBrewed)
    : jupyterFolders(env, home, platform);

  const configDir = findConfigDir(env, defaults, options.cleanConfigDir);
  const dataDir = env['JUPYTER_DATA_DIR'] || defaults.data;
  const preferEnv = 'JUPYTER_PREFER_ENV_PATH' in env ? isSet(env['JUPYTER_PREFER_ENV_PATH']) : undefined;
  const search = (user: string, kind: 'share' | 'etc', explicit: string | undefined) =>
    searchPath({
      explicit,
      user: [user, ...(options.userBase ? [posix.join(options.userBase, kind, 'jupyter')] : [])],
      prefixes: prefixes.map(({ path, isOwnEnvironment }) => ({
        path: posix.join(path, kind, 'jupyter'),
        isFirst: preferEnv ?? isOwnEnvironment,
      })),
      system: kind === 'share' ? defaults.systemData : defaults.systemConfig,
    });

  const dataPath = search(dataDir, 'share', env['JUPYTER_PATH']);
  return {
    configDir,
    configPath: env['JUPYTER_NO_CONFIG'] ? [configDir] : search(configDir, 'etc', env['JUPYTER_CONFIG_PATH']),
    dataDir,
    dataPath,
    runtimeDir: env['JUPYTER_RUNTIME_DIR'] || posix.join(dataDir, 'runtime'),
    labSettingsDir: env['JUPYTERLAB_SETTINGS_DIR'] || posix.join(configDir, 'lab', 'user-settings'),
    labWorkspacesDir: env['JUPYTERLAB_WORKSPACES_DIR'] || posix.join(configDir, 'lab', 'workspaces'),
    labExtensionsPath: dataPath.map((folder) => posix.join(folder, 'labextensions')),
    kernelsPath: [
      ...dataPath.map((folder) => posix.join(folder, 'kernels')),
      posix.join(env['IPYTHONDIR'] || posix.join(home, '.ipython'), 'kernels'),
    ],
  };
}

interface Folders {
  readonly config: string;
  readonly data: string;
  readonly systemConfig: readonly string[];
  readonly systemData: readonly string[];
}

function jupyterFolders(env: Environment, home: string, platform: NodeJS.Platform): Folders {
  return {
    config: posix.join(home, '.jupyter'),
    data:
      platform === 'darwin'
        ? posix.join(home, 'Library', 'Jupyter')
        : posix.join(env['XDG_DATA_HOME'] || posix.join(home, '.local', 'share'), 'jupyter'),
    systemConfig: ['/usr/local/etc/jupyter', '/etc/jupyter'],
    systemData: ['/usr/local/share/jupyter', '/usr/share/jupyter'],
  };
}

/** What Python's `platformdirs` answers: XDG's variables everywhere, and what the platform is used to where they are not set. */
function platformFolders(
  env: Environment,
  home: string,
  platform: NodeJS.Platform,
  isBrewed: boolean,
): Folders {
  const isMac = platform === 'darwin';
  const name = isMac && !isBrewed ? 'Jupyter' : 'jupyter';
  const support = posix.join(home, 'Library', 'Application Support');
  const sharedSupport = [...(isBrewed ? ['/opt/homebrew/share'] : []), '/Library/Application Support'];
  const one = (variable: string, fallback: string) =>
    posix.join(absolute(env[variable]?.trim()) ?? fallback, name);
  const several = (variable: string, fallback: readonly string[]) => {
    const given = (env[variable] ?? '').split(':').flatMap((folder) => absolute(folder.trim()) ?? []);
    return (given.length > 0 ? given : fallback).map((folder) => posix.join(folder, name));
  };
  return {
    config: one('XDG_CONFIG_HOME', isMac ? support : posix.join(home, '.config')),
    data: one('XDG_DATA_HOME', isMac ? support : posix.join(home, '.local', 'share')),
    systemConfig: several('XDG_CONFIG_DIRS', isMac ? sharedSupport : ['/etc/xdg']),
    systemData: several('XDG_DATA_DIRS', isMac ? sharedSupport : ['/usr/local/share', '/usr/share']),
  };
}

// The XDG base directory specification: relative paths are to be ignored.
function absolute(folder: string | undefined): string | undefined {
  return folder?.startsWith('/') ? folder : undefined;
}

function findConfigDir(env: Environment, defaults: Folders, cleanConfigDir: string | undefined): string {
  if (env['JUPYTER_NO_CONFIG']) {
    if (!cleanConfigDir) throw new TypeError('JUPYTER_NO_CONFIG is set, and no cleanConfigDir was given');
    return cleanConfigDir;
  }
  return env['JUPYTER_CONFIG_DIR'] || defaults.config;
}

interface SearchPath {
  readonly explicit: string | undefined;
  readonly user: readonly string[];
  readonly prefixes: readonly { path: string; isFirst: boolean }[];
  readonly system: readonly string[];
}

function searchPath({ explicit, user, prefixes, system }: SearchPath): string[] {
  const ofPrefixes = prefixes.filter(({ path }) => !system.includes(path));
  const folders = [
    ...(explicit ? explicit.split(':').map((folder) => folder.replace(/\/+$/, '')) : []),
    ...ofPrefixes.filter(({ isFirst }) => isFirst).map(({ path }) => path),
    ...user,
    ...ofPrefixes.filter(({ isFirst }) => !isFirst).map(({ path }) => path),
    ...system,
  ];
  return [...new Set(folders)];
}

// `envset` of jupyter_core: a variable that is there but empty counts as set.
function isSet(value: string | undefined): boolean {
  return value !== undefined && !['no', 'n', 'false', 'off', '0', '0.0'].includes(value.toLowerCase());
}
