import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Where `tools/cluster/up` puts it. */
const ownKubeconfig = '/var/lib/perijove-cluster/kubeconfig';

export interface TestCluster {
  readonly kubeconfig: string;
  /** Of this test alone, with the *restricted* Pod Security level enforced. */
  readonly namespace: string;
  /** An image with ipykernel. */
  readonly image: string;
  /** This repository's own image. */
  readonly serverImage: string;
  /** What it prints. Rejects if it fails. `input` is its standard input. */
  kubectl(args: readonly string[], input?: object | string): Promise<string>;
  /** The same of Helm. */
  helm(args: readonly string[]): Promise<string>;
  /** Opens a way to a port of a Service; resolves with its URL here. */
  forward(service: string, port: number): Promise<Forward>;
  /** Where kubectl and Helm may lie, beside the PATH. */
  readonly bin: string;
  /** Removes the namespace, and all in it. */
  remove(): Promise<void>;
}

export interface Forward extends AsyncDisposable {
  readonly url: string;
}

/**
 * A namespace of the cluster that tests run on: PERIJOVE_TEST_KUBECONFIG with PERIJOVE_TEST_KERNEL_IMAGE and PERIJOVE_TEST_IMAGE, as `npm test` sets them; else
 * the one that `tools/cluster/up` has brought up, with the images of `tools/cluster/image`. Throws if there is none: a suite that
 * needs it does not run without.
 */
export async function testCluster(): Promise<TestCluster> {
  const kubeconfig =
    process.env['PERIJOVE_TEST_KUBECONFIG'] || (existsSync(ownKubeconfig) ? ownKubeconfig : undefined);
  if (kubeconfig === undefined) {
    throw new Error(
      'no cluster: run `eval "$(tools/cluster/up)"` and `tools/cluster/image kernel`, or set PERIJOVE_TEST_KUBECONFIG',
    );
  }
  const image = process.env['PERIJOVE_TEST_KERNEL_IMAGE'] || 'perijove.test/kernel-python:dev';
  const serverImage = process.env['PERIJOVE_TEST_IMAGE'] || 'perijove.test/perijove:dev';
  const env = { ...process.env, PATH: `${binFolder()}:${process.env['PATH'] ?? ''}` };
  const forwards = new Set<ChildProcess>();
  const namespace = `perijove-test-${randomBytes(4).toString('hex')}`;
  const kubectl = async (args: readonly string[], input?: object | string): Promise<string> => {
    const folder = await mkdtemp(join(tmpdir(), 'perijove-kubectl-'));
    try {
      const file = join(folder, 'input.json');
      if (input) await writeFile(file, typeof input === 'string' ? input : JSON.stringify(input));
      const { stdout } = await promisify(execFile)(
        'kubectl',
        ['--kubeconfig', kubeconfig, '--namespace', namespace, ...args, ...(input ? ['-f', file] : [])],
        { env },
      );
      return stdout;
    } finally {
      await rm(folder, { recursive: true });
    }
  };
  await kubectl(['create'], {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: namespace,
      labels: { 'pod-security.kubernetes.io/enforce': 'restricted', 'perijove.dev/test': 'true' },
    },
  });
  return {
    kubeconfig,
    namespace,
    image,
    serverImage,
    bin: binFolder(),
    kubectl,
    helm: async (args) => {
      const common = ['--kubeconfig', kubeconfig, '--namespace', namespace];
      return (await promisify(execFile)('helm', [...args, ...common], { env, maxBuffer: 2 ** 24 })).stdout;
    },
    forward: async (service, port) => {
      const args = [
        '--kubeconfig',
        kubeconfig,
        '--namespace',
        namespace,
        'port-forward',
        `service/${service}`,
      ];
      const child = spawn('kubectl', [...args, `:${port}`], { env, stdio: ['ignore', 'pipe', 'inherit'] });
      forwards.add(child);
      const ended = once(child, 'exit').finally(() => forwards.delete(child));
      const [line] = (await Promise.race([
        once(child.stdout, 'data'),
        ended.then(() => Promise.reject(new Error(`there is no way to the Service ${service}`))),
      ])) as [Buffer];
      child.stdout.resume();
      return {
        url: `http://127.0.0.1:${/127\.0\.0\.1:(\d+)/.exec(line.toString())?.[1]}`,
        [Symbol.asyncDispose]: async () => {
          child.kill();
          await ended;
        },
      };
    },
    remove: async () => {
      for (const child of forwards) child.kill();
      await kubectl(['delete', 'namespace', namespace, '--wait=false']);
    },
  };
}

/** Where `tools/cluster` has kubectl and Helm. */
function binFolder(): string {
  const cache = process.env['XDG_CACHE_HOME'] || join(process.env['HOME'] ?? '', '.cache');
  return join(process.env['PERIJOVE_CLUSTER_CACHE'] || join(cache, 'perijove-cluster'), 'bin');
}
