// Makes a clone ready to run: installs the packages of the lock file, builds what is older than its sources.
// Says each step in words. The second time it only looks (some milliseconds) and needs no network.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** Ends the program with one sentence that says what is wrong and what to do. */
export class PrepareError extends Error {}

/**
 * @param {string} root folder of the clone
 * @param {{ lab?: boolean }} [what] whether the front end is built too (default: yes)
 */
export async function prepare(root, { lab = true } = {}) {
  try {
    await install(root);
    await build(root, { lab });
  } catch (error) {
    if (!(error instanceof PrepareError)) throw error;
    process.stderr.write(`\n${error.message}\n`);
    process.exit(1);
  }
}

async function install(root) {
  const lock = readFileSync(join(root, 'package-lock.json'));
  const wanted = hash(lock, process.platform, process.arch, process.versions.modules);
  const stamp = join(root, 'node_modules', '.perijove-installed');
  if (read(stamp) === wanted) return;
  if (isInstalled(root, lock)) {
    writeFileSync(stamp, wanted);
    return;
  }
  assertWritable(root);
  await step(root, 'Installing packages (about a minute the first time)', npm(), [
    'ci',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]);
  writeFileSync(stamp, wanted);
}

/** Whether npm's own record of node_modules already has every package of the lock file in its version. */
function isInstalled(root, lock) {
  const installed = read(join(root, 'node_modules', '.package-lock.json'));
  if (installed === undefined) return false;
  const have = JSON.parse(installed).packages;
  return Object.entries(JSON.parse(lock.toString('utf8')).packages).every(
    ([path, entry]) =>
      !path.startsWith('node_modules/') ||
      entry.link ||
      entry.optional ||
      entry.devOptional ||
      have[path]?.version === entry.version,
  );
}

async function build(root, { lab }) {
  const server = join(root, 'dist', '.stamp-server');
  const sources = fingerprint(
    root,
    ['packages', 'tools/bundle.js', 'package.json', 'tsconfig.base.json'],
    (path) => !path.startsWith('packages/lab/'),
  );
  if (read(server) !== sources) {
    assertWritable(root);
    await step(root, 'Building the server', process.execPath, [
      join('node_modules', 'typescript', 'bin', 'tsc'),
      '-b',
    ]);
    await step(root, 'Bundling the server', process.execPath, [join('tools', 'bundle.js')]);
    mkdirSync(join(root, 'dist'), { recursive: true });
    writeFileSync(server, sources);
  }
  if (!lab) return;
  const front = join(root, 'dist', '.stamp-lab');
  const labSources = fingerprint(
    root,
    ['packages/lab', 'packages/overview', 'package-lock.json'],
    () => true,
  );
  if (read(front) !== labSources || !existsSync(join(root, 'packages', 'lab', 'dist', 'manifest.json'))) {
    assertWritable(root);
    await step(root, 'Building JupyterLab (about a minute the first time)', process.execPath, [
      join('packages', 'lab', 'build.js'),
    ]);
    writeFileSync(front, labSources);
  }
}

/** Runs one step; on a terminal its line counts the seconds. What the step prints is shown only if it fails. */
export async function step(root, title, command, args, options = {}) {
  const started = Date.now();
  const seconds = () => `${Math.round((Date.now() - started) / 1000)} s`;
  const tty = process.stderr.isTTY;
  process.stderr.write(tty ? `${title} …` : `${title} …\n`);
  const timer = tty ? setInterval(() => process.stderr.write(`\r${title} … ${seconds()}`), 1000) : undefined;
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options });
  const output = [];
  child.stdout.on('data', (chunk) => output.push(chunk));
  child.stderr.on('data', (chunk) => output.push(chunk));
  const code = await new Promise((resolve) => {
    child.on('error', (error) => {
      output.push(Buffer.from(String(error)));
      resolve(-1);
    });
    child.on('close', resolve);
  });
  clearInterval(timer);
  if (code !== 0) {
    process.stderr.write(`\n${Buffer.concat(output).toString('utf8').trimEnd()}\n`);
    throw new PrepareError(
      `${title} failed (exit code ${code}); the reason is in the lines above. Mend it and run the same command again.`,
    );
  }
  process.stderr.write(tty ? `\r${title}: done in ${seconds()}.   \n` : `${title}: done in ${seconds()}.\n`);
}

function assertWritable(root) {
  try {
    accessSync(root, constants.W_OK);
  } catch {
    throw new PrepareError(
      `Perijove has to install and build itself in ${root}, but that folder is read-only for you. ` +
        'Clone it to a folder of your own, or run it once as somebody who may write there.',
    );
  }
}

function npm() {
  return process.platform === 'win32' ? 'npm.cmd' : 'npm';
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // not there: whatever it stands for has to be made
  }
}

function hash(...parts) {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part);
  return sum.digest('hex');
}

/** Sizes and times of all sources below the given paths: quicker than reading them, and a touched file only costs a build. */
function fingerprint(root, paths, keeps) {
  const sum = createHash('sha256');
  const visit = (path) => {
    const stat = statSync(join(root, path));
    if (stat.isDirectory()) {
      for (const name of readdirSync(join(root, path)).toSorted()) {
        if (name !== 'dist' && name !== 'node_modules') visit(`${path}/${name}`);
      }
    } else if (keeps(path) && !path.endsWith('.md') && !/\.test\.tsx?$/.test(path)) {
      sum.update(`${path} ${stat.size} ${stat.mtimeMs}\n`);
    }
  };
  for (const path of paths) if (existsSync(join(root, path))) visit(path);
  return sum.digest('hex');
}
