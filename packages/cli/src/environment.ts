import { mkdtemp } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPythons, jupyterPaths, type FoundPythons, type JupyterPaths } from '@perijove/kernels';

type Variables = Readonly<Record<string, string | undefined>>;

/** The folders of this user, as the variables and the system's habits say. */
export interface Environment {
  readonly home: string;
  readonly paths: JupyterPaths;
  readonly pythons: FoundPythons;
  /** Running kernels, sessions, journals. */
  readonly stateDir: string;
  /** What Perijove made for itself and can make again: the private Python. */
  readonly dataDir: string;
}

export async function findEnvironment(
  env: Variables,
  stateDir = env['PERIJOVE_STATE_DIR'] ?? '',
): Promise<Environment> {
  const home = env['HOME'] || homedir();
  const pythons = await findPythons(env, home);
  const wantsNoConfig = !['', '0', 'false', 'no'].includes((env['JUPYTER_NO_CONFIG'] ?? '').toLowerCase());
  const cleanConfigDir = wantsNoConfig ? await mkdtemp(join(tmpdir(), 'perijove-no-config-')) : undefined;
  return {
    home,
    pythons,
    paths: jupyterPaths(env, home, process.platform, { ...pythons, cleanConfigDir }),
    stateDir: stateDir || join(env['XDG_STATE_HOME'] || join(home, '.local', 'state'), 'perijove'),
    dataDir: join(env['XDG_DATA_HOME'] || join(home, '.local', 'share'), 'perijove'),
  };
}
