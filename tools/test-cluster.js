// Brings up the cluster that the suite `cluster` runs on: tools/cluster, or whatever PERIJOVE_TEST_KUBECONFIG names. It begins at once
// and goes on beside the other suites: the first time Kubernetes has to be built, which takes minutes.
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const folder = fileURLToPath(new URL('cluster', import.meta.url));
const root = fileURLToPath(new URL('..', import.meta.url));
const cache =
  process.env.PERIJOVE_CLUSTER_CACHE ||
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'perijove-cluster');
const kubeconfig = '/var/lib/perijove-cluster/kubeconfig';
const goVersion = [1, 25];

/**
 * Never rejects: where there can be no cluster, the suite says why.
 * @returns {Promise<{ ready: boolean, why?: string, env: Record<string, string>, down: () => Promise<void> }>}
 */
export async function bringUpCluster() {
  const nothing = { env: {}, down: async () => {} };
  const {
    PERIJOVE_TEST_KUBECONFIG: named,
    PERIJOVE_TEST_KERNEL_IMAGE: kernel,
    PERIJOVE_TEST_IMAGE: server,
  } = process.env;
  if (named) {
    const why =
      kernel && server
        ? undefined
        : 'PERIJOVE_TEST_KERNEL_IMAGE has to name an image with ipykernel that the cluster can pull, PERIJOVE_TEST_IMAGE one of the Containerfile.';
    return { ...nothing, ready: why === undefined, why };
  }
  const why = await whyNot();
  if (why !== undefined) return { ...nothing, ready: false, why };
  const takeDown = () =>
    run('down').then(
      () => undefined,
      () => undefined,
    );
  let down = takeDown;
  try {
    // Whoever brought it up before is still using it.
    if ((await run('up')).includes('already up')) down = nothing.down;
    await run('helm');
    return {
      ready: true,
      env: {
        PERIJOVE_TEST_KUBECONFIG: kubeconfig,
        PERIJOVE_TEST_KERNEL_IMAGE: await kernelImage(),
        PERIJOVE_TEST_IMAGE: await serverImage(),
        PATH: `${join(cache, 'bin')}:${process.env.PATH}`,
      },
      down,
    };
  } catch (error) {
    await down();
    return { ...nothing, ready: false, why: `the test cluster does not come up: ${error.message}` };
  }
}

/** An image with ipykernel, made again when what makes it changes. */
function kernelImage() {
  return madeOnce('kernel', 'perijove.test/kernel-python', [join(folder, 'image')]);
}

/** The image of this tree as it is built. */
function serverImage() {
  const built = ['dist', 'packages/lab/dist'].map((name) => join(root, name));
  return madeOnce('perijove', 'perijove.test/perijove', [
    join(folder, 'image'),
    join(root, 'Containerfile'),
    ...built
      .flatMap((name) => readdirSync(name).map((file) => join(name, file)))
      .filter((file) => !file.endsWith('.map')),
  ]);
}

/** The name of an image that `tools/cluster/image` makes of these files; folders count by their names. */
async function madeOnce(what, repository, files) {
  const hash = createHash('sha256');
  for (const file of files)
    hash.update(file.slice(root.length)).update(statSync(file).isFile() ? readFileSync(file) : '');
  const name = `${repository}:${hash.digest('hex').slice(0, 8)}`;
  const images = join(cache, 'images');
  const archiveOf = (image) => image.replaceAll(/[/:]/g, '-');
  if (existsSync(join(images, `${archiveOf(name)}.tar`))) return name; // `up` has loaded it
  for (const old of readdirSync(images))
    if (old.startsWith(`${archiveOf(repository)}-`)) rmSync(join(images, old));
  await run('image', what, name);
  return name;
}

async function whyNot() {
  const instead =
    'Set PERIJOVE_TEST_KUBECONFIG to the kubeconfig of a cluster and PERIJOVE_TEST_KERNEL_IMAGE to an image there, to use that.';
  if (process.platform !== 'linux' || !existsSync('/etc/debian_version'))
    return `there is no test cluster but on Debian. ${instead}`;
  if (process.getuid?.() !== 0) return `only root can make the test cluster. ${instead}`;
  const go = /go(\d+)\.(\d+)/.exec((await output('go', ['version'])) ?? '');
  if (!go || Number(go[1]) < goVersion[0] || (Number(go[1]) === goVersion[0] && Number(go[2]) < goVersion[1]))
    return `the test cluster is built with Go ${goVersion.join('.')} or newer. ${instead}`;
  if ((await output('unshare', ['--mount', '--uts', '--pid', '--net', '--fork', 'true'])) === undefined)
    return `the test cluster's machines are namespaces, and this system lets nobody make any. ${instead}`;
  return undefined;
}

async function output(command, args) {
  try {
    return (await promisify(execFile)(command, args)).stdout;
  } catch {
    return undefined;
  }
}

/**
 * One of the commands of tools/cluster, with patience: other suites run meanwhile, and they go first.
 * @returns {Promise<string>} the last of what it said
 */
function run(name, ...args) {
  return new Promise((resolve, reject) => {
    const child = spawn('nice', ['-n', '19', join(folder, name), ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let last = '';
    child.stderr.on('data', (data) => {
      last = `${last}${data}`.slice(-4000);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(last);
      else reject(new Error(`${name} ended with code ${code}:\n${last.trim()}`));
    });
  });
}
