// Sets up what the tests need beside Node: Python environments with kernels, in a cache folder outside the clone, and, as
// root on Debian, Chromium and R. Says each step in words. `npm test` calls it; alone: `node tools/test-setup.js`.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { PrepareError, step } from './prepare.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'perijove', 'test-venvs');
const chromiums = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
/** What is installed once an environment's packages are. */
const finish = {
  ipykernel7: [['-m', 'bash_kernel.install', '--sys-prefix']],
  ipykernel6: [],
  jeg: [],
  'gateway-clients': [],
};

/**
 * Sets up what can be. Never throws for what is missing: the suites say what would let them run.
 * @returns {Promise<{ suites: { name: string, ready: boolean, why?: string }[], env: Record<string, string> }>}
 */
export async function setUpTests() {
  const chromium = await findOrInstall('Chromium', 'chromium', findChromium);
  const hasR = await findOrInstall('R with its kernel', 'r-cran-irkernel', hasIRkernel);
  const pythons = {};
  let pythonProblem;
  try {
    const python = await findPython();
    for (const kind of Object.keys(finish)) {
      // Its packages are pinned for what it supports itself.
      if (kind !== 'jeg' || python.version[1] >= 11) pythons[kind] = await environment(kind, python);
    }
  } catch (error) {
    if (!(error instanceof PrepareError)) throw error;
    pythonProblem = error.message;
  }
  const needsPython = { ready: pythonProblem === undefined, why: pythonProblem };
  const needsChromium = chromium
    ? { ready: true }
    : {
        ready: false,
        why: 'Chromium is not installed. On Debian: `apt install chromium`; elsewhere set PERIJOVE_TEST_CHROMIUM to a Chromium or Chrome.',
      };
  if (!hasR)
    say('R has no Jupyter kernel here: its tests are skipped. On Debian: `apt install r-cran-irkernel`.');
  const suites = [
    { name: 'unit', ready: true },
    { name: 'net', ready: true },
    { name: 'python', ...needsPython },
    { name: 'browser', ...(needsPython.ready ? needsChromium : needsPython) },
    { name: 'pack', ...needsPython },
  ];
  const env = {
    ...(pythons.ipykernel7 ? { PERIJOVE_TEST_PYTHON: pythons.ipykernel7 } : {}),
    ...(pythons.ipykernel6 ? { PERIJOVE_TEST_PYTHON6: pythons.ipykernel6 } : {}),
    ...(pythons.jeg ? { PERIJOVE_TEST_JEG_PYTHON: pythons.jeg } : {}),
    ...(pythons['gateway-clients'] ? { PERIJOVE_TEST_GATEWAY_CLIENTS: pythons['gateway-clients'] } : {}),
    ...(chromium ? { PERIJOVE_TEST_CHROMIUM: chromium } : {}),
  };
  mkdirSync(cache, { recursive: true });
  writeFileSync(
    join(cache, 'setup.json'),
    `${JSON.stringify({ pythons, chromium, hasR, suites }, undefined, 2)}\n`,
  );
  return { suites, env };
}

async function findPython() {
  const named = process.env.PERIJOVE_PYTHON ?? 'python3';
  const program = 'import sys; print(sys.executable, *sys.version_info[:2], sep="\\n")';
  const answer = await output(named, ['-c', program]);
  if (answer === undefined) {
    throw new PrepareError(
      `There is no ${named}. Install Python 3.9 or newer, or set PERIJOVE_PYTHON to one.`,
    );
  }
  const [executable, major, minor] = answer.trim().split('\n');
  const version = [Number(major), Number(minor)];
  if (version[0] !== 3 || version[1] < 9) {
    throw new PrepareError(
      `${executable} is Python ${version.join('.')}; the tests need 3.9 or newer (set PERIJOVE_PYTHON to one).`,
    );
  }
  return { executable, version };
}

/** The interpreter of the environment of this kind, made if it is not there: its name is made of all that it depends on. */
async function environment(kind, { executable, version }) {
  const file = join(root, 'tools', 'requirements', version[1] < 11 ? `${kind}.python39.txt` : `${kind}.txt`);
  const key = createHash('sha256')
    .update(
      [executable, version.join('.'), readFileSync(file, 'utf8'), JSON.stringify(finish[kind])].join('\0'),
    )
    .digest('hex');
  const folder = join(cache, `${kind}-${key.slice(0, 12)}`);
  const python = join(folder, 'bin', 'python');
  const complete = join(folder, '.complete');
  if (existsSync(complete) && existsSync(python)) return python;

  mkdirSync(cache, { recursive: true });
  for (const name of readdirSync(cache))
    if (name.startsWith(`${kind}-`)) rmSync(join(cache, name), { recursive: true });
  await makeVenv(executable, folder);
  const pip = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--no-deps',
    '--disable-pip-version-check',
    '--requirement',
    file,
  ];
  await step(root, `Installing Python packages for the tests (${kind})`, python, pip);
  for (const command of finish[kind])
    await step(root, `Installing kernels for the tests (${kind})`, python, command);
  writeFileSync(complete, '');
  return python;
}

async function makeVenv(executable, folder) {
  const hasPip = (await output(executable, ['-c', 'import ensurepip, venv'])) !== undefined;
  if (!hasPip && !(await aptInstall('venv for Python', 'python3-venv'))) {
    throw new PrepareError(
      `${executable} cannot make virtual environments. On Debian: \`apt install python3-venv\`.`,
    );
  }
  await step(root, `Making a Python environment in ${folder}`, executable, ['-m', 'venv', folder]);
}

async function findOrInstall(title, name, find) {
  const found = await find();
  if (found) return found;
  return (await aptInstall(title, name)) ? find() : found;
}

/** True if it was installed: only root on a Debian may. */
async function aptInstall(title, name) {
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version') || !existsSync('/usr/bin/apt-get'))
    return false;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await step(root, 'Asking Debian what it has', 'apt-get', ['update', '-q'], { env });
    await step(
      root,
      `Installing ${title} (Debian's ${name})`,
      'apt-get',
      ['install', '-y', '-q', '--no-install-recommends', name],
      { env },
    );
    return true;
  } catch (error) {
    if (!(error instanceof PrepareError)) throw error;
    return false; // no network or no such package: the suite that needs it says so
  }
}

function findChromium() {
  return process.env.PERIJOVE_TEST_CHROMIUM ?? chromiums.find((place) => existsSync(place));
}

async function hasIRkernel() {
  return (await output('R', ['--slave', '-e', 'library(IRkernel)'])) !== undefined;
}

/** What a program prints; undefined if there is none, or it fails. */
async function output(program, args) {
  try {
    return (await promisify(execFile)(program, args, { timeout: 60_000 })).stdout;
  } catch {
    return undefined; // asked to find out just that
  }
}

function say(sentence) {
  process.stderr.write(`${sentence}\n`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { suites } = await setUpTests();
  for (const { name, ready, why } of suites)
    say(ready ? `Suite ${name} can run.` : `Suite ${name} cannot run: ${why}`);
}
