import { execFile, spawn } from 'node:child_process';
import { access, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { makeNeededFolders } from './needed-folders.ts';
import { isAlive } from './server-file.ts';
import { UsageError } from './usage-error.ts';

const run = promisify(execFile);

/** What is installed into the private environment. Pinned, so that two people who start on one day have the same kernel. */
const requirements = [
  'ipykernel==7.4.0; python_version >= "3.10"',
  'ipykernel==6.31.0; python_version < "3.10"',
];
/** Names the environment in use; written last, so that one that was interrupted while it was made is never taken for one. */
const pointer = 'python.json';
const Pointer = Type.Object({ prefix: Type.String({ minLength: 1 }) });
const oldest = [3, 9] as const;
const candidates = ['python3', 'python', ...[14, 13, 12, 11, 10, 9].map((minor) => `python3.${minor}`)];

/** A Python that can run kernels: where it is, and where its kernelspec lies. */
export interface KernelPython {
  readonly executable: string;
  readonly prefix: string;
}

/** The private environment, if an earlier start made it. */
export async function findPrivatePython(dataDir: string): Promise<KernelPython | undefined> {
  try {
    const { prefix } = Value.Parse(Pointer, JSON.parse(await readFile(join(dataDir, pointer), 'utf8')));
    const executable = join(prefix, 'bin', 'python');
    await access(executable);
    await access(join(prefix, 'share', 'jupyter', 'kernels', 'python3', 'kernel.json'));
    return { executable, prefix };
  } catch {
    return undefined; // not made yet, or its base Python was removed: it is made anew
  }
}

/**
 * Makes a virtual environment with ipykernel below `dataDir`, for a machine on which Jupyter finds no kernel. `say` is told each
 * step. Each attempt has a folder of its own, so two starts at once do not get in each other's way; what attempts that were
 * killed have left is removed. Throws UsageError with what to install where Python is missing, too old, or cannot make environments.
 */
export async function makePrivatePython(dataDir: string, say: (step: string) => void): Promise<KernelPython> {
  const base = await findPython();
  const prefix = join(dataDir, `python-${process.pid}-${Date.now().toString(36)}`);
  const executable = join(prefix, 'bin', 'python');
  await makeNeededFolders([
    {
      path: dataDir,
      holds: 'A Python environment for kernels',
      elsewhere: 'Choose another folder with XDG_DATA_HOME, or install ipykernel yourself.',
    },
  ]);
  await removeAbandoned(dataDir);
  try {
    say(`Making a Python environment for kernels in ${prefix} (Python ${base.version})`);
    await perform(base.executable, ['-m', 'venv', prefix], {
      fails: `Python ${base.version} could not make a virtual environment. On Debian and Ubuntu: apt install python3-venv. Then start again.`,
      // Debian's Python without that package; others were built without the module.
      says: /ensurepip is not\s+available|No module named '?(venv|ensurepip)/,
    });
    say('Installing ipykernel in it (half a minute, once)');
    await perform(
      executable,
      ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...requirements],
      {
        fails:
          'pip could not install ipykernel. Is there a connection to a package index? Start again when there is, or install ipykernel yourself.',
      },
    );
    await writeFile(`${prefix}.json`, JSON.stringify({ prefix }));
    await rename(`${prefix}.json`, join(dataDir, pointer));
  } catch (error) {
    await rm(prefix, { recursive: true, force: true });
    throw error;
  }
  const made = await findPrivatePython(dataDir);
  if (made) return made;
  throw new UsageError(
    `ipykernel was installed in ${prefix}, but left no kernelspec there. Start again; should it happen again, install ipykernel yourself.`,
  );
}

/** Removes environments of attempts whose process is gone, but for the one in use. */
async function removeAbandoned(dataDir: string): Promise<void> {
  const used = (await findPrivatePython(dataDir))?.prefix;
  for (const name of await readdir(dataDir)) {
    const pid = /^python-(\d+)-/.exec(name)?.[1];
    const path = join(dataDir, name);
    if (pid === undefined || path === used || isAlive(Number(pid))) continue;
    await rm(path, { recursive: true, force: true });
  }
}

async function findPython(): Promise<{ executable: string; version: string }> {
  const seen: string[] = [];
  for (const executable of candidates) {
    try {
      const { stdout } = await run(
        executable,
        ['-c', 'import sys; print("%d.%d.%d" % sys.version_info[:3])'],
        { timeout: 10_000 },
      );
      const version = stdout.trim();
      const [major = 0, minor = 0] = version.split('.').map(Number);
      if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return { executable, version };
      seen.push(`${executable} is ${version}`);
    } catch {
      // not on PATH, or does not run: the next candidate may
    }
  }
  throw new UsageError(
    `No Jupyter kernel was found, and no Python ≥ ${oldest.join('.')} to make one with${seen.length > 0 ? ` (${seen.join(', ')})` : ''}. ` +
      'Install Python (https://www.python.org, or your system’s package python3 with python3-venv) and start again.',
  );
}

/** Runs a command. If it fails, what it said goes before `fails`, unless it is what `fails` explains. */
async function perform(
  command: string,
  args: readonly string[],
  { fails, says = /(?!)/ }: { fails: string; says?: RegExp },
): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code === 0) return;
  const text = Buffer.concat(output).toString('utf8').trimEnd();
  if (says.test(text)) throw new UsageError(fails);
  throw new UsageError(`${text.split('\n').slice(-8).join('\n')}\n${fails}`);
}
