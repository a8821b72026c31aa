// jupyter_core looks in its own `sys.prefix`; a server that is not Python looks where the user's Python would be.
import { execFile } from 'node:child_process';
import { access, constants, open, realpath, stat } from 'node:fs/promises';
import { posix } from 'node:path';
import { promisify } from 'node:util';
import type { PythonPrefix } from './jupyter-paths.ts';

export interface FoundPythons {
  /** `$VIRTUAL_ENV`, `$CONDA_PREFIX`, the prefix of `python3` on PATH: those that exist, in this order. */
  readonly prefixes: readonly PythonPrefix[];
  /** Python's user base (`~/.local`); absent in a venv, where Python does not use it. */
  readonly userBase: string | undefined;
  /** The interpreter that `python` and `python3` in a kernelspec's argv mean. */
  readonly executable: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Finds the Python installations that a user means by the environment that the server was started in. */
export async function findPythons(env: Environment, home: string): Promise<FoundPythons> {
  const prefixes: PythonPrefix[] = [];
  const add = async (path: string, isEnvironment: boolean) => {
    if (prefixes.some((prefix) => prefix.path === path)) return;
    prefixes.push({ path, isOwnEnvironment: isEnvironment && (await isOwn(path)) });
  };
  const venv = env['VIRTUAL_ENV'];
  if (venv && (await isFolder(venv))) await add(venv, true);
  const conda = env['CONDA_PREFIX'];
  if (conda && (await isFolder(conda))) await add(conda, (env['CONDA_DEFAULT_ENV'] ?? 'base') !== 'base');

  const found = await findPython(env, prefixes);
  const python = found === undefined ? undefined : await prefixOf(found);
  if (python) await add(python.prefix, python.isVenv);
  const isInVenv = venv !== undefined || python?.isVenv === true;
  const usesUserSite = !isInVenv && !env['PYTHONNOUSERSITE'];
  return {
    prefixes,
    userBase: usesUserSite ? env['PYTHONUSERBASE'] || posix.join(home, '.local') : undefined,
    executable: python?.executable ?? found,
  };
}

/** Finds an executable file of this name in the folders of PATH. */
export async function findOnPath(name: string, path: string | undefined): Promise<string | undefined> {
  for (const folder of (path ?? '').split(':')) {
    if (!folder.startsWith('/')) continue;
    const file = posix.join(folder, name);
    if (await isExecutable(file)) return file;
  }
  return undefined;
}

export async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    // Not there, or not for us: an ordinary answer.
    return false;
  }
}

async function findPython(env: Environment, prefixes: readonly PythonPrefix[]): Promise<string | undefined> {
  for (const { path } of prefixes) {
    const file = posix.join(path, 'bin', 'python3');
    if (await isExecutable(file)) return file;
  }
  return (await findOnPath('python3', env['PATH'])) ?? (await findOnPath('python', env['PATH']));
}

interface Prefix {
  readonly executable: string;
  readonly prefix: string;
  readonly isVenv: boolean;
}

async function prefixOf(executable: string): Promise<Prefix | undefined> {
  // A venv's python is a symlink out of it; what makes it a venv is the file beside its bin folder (PEP 405).
  const nearby = posix.dirname(posix.dirname(executable));
  if (await exists(posix.join(nearby, 'pyvenv.cfg'))) return { executable, prefix: nearby, isVenv: true };
  if (await isScript(executable)) return askPython(executable);
  const real = await realpath(executable);
  return { executable, prefix: posix.dirname(posix.dirname(real)), isVenv: false };
}

// pyenv, asdf and the like put shell scripts on PATH: only Python itself knows where they lead to; and started directly
// it is quicker.
async function askPython(executable: string): Promise<Prefix | undefined> {
  const program = 'import sys; print(sys.executable); print(sys.prefix); print(sys.base_prefix)';
  try {
    const { stdout } = await promisify(execFile)(executable, ['-ISc', program], { timeout: 5000 });
    const [real, prefix, base] = stdout.trim().split('\n');
    return real && prefix ? { executable: real, prefix, isVenv: prefix !== base } : undefined;
  } catch {
    // A script that cannot say where its Python is (a shim without a version chosen) adds no folder to the path.
    return undefined;
  }
}

async function isScript(file: string): Promise<boolean> {
  const handle = await open(file, 'r');
  try {
    const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return buffer.toString('latin1') === '#!';
  } finally {
    await handle.close();
  }
}

async function isOwn(folder: string): Promise<boolean> {
  try {
    return (await stat(folder)).uid === process.geteuid?.();
  } catch {
    // Gone in the meantime: nobody's.
    return false;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    // Not there: a variable that a shell left behind.
    return false;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    // An ordinary answer.
    return false;
  }
}
