import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
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
  /** What it prints. Rejects if it fails. `input` is its standard input. */
  kubectl(args: readonly string[], input?: object): Promise<string>;
  /** Removes the namespace, and all in it. */
  remove(): Promise<void>;
}

/**
 * A namespace of the cluster that tests run on: PERIJOVE_TEST_KUBECONFIG with PERIJOVE_TEST_KERNEL_IMAGE, as `npm test` sets them; else
 * the one that `tools/cluster/up` has brought up, with the image of `tools/cluster/image kernel`. Throws if there is none: a suite that
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
  const namespace = `perijove-test-${randomBytes(4).toString('hex')}`;
  const kubectl = async (args: readonly string[], input?: object): Promise<string> => {
    const folder = await mkdtemp(join(tmpdir(), 'perijove-kubectl-'));
    try {
      const file = join(folder, 'input.json');
      if (input) await writeFile(file, JSON.stringify(input));
      const { stdout } = await promisify(execFile)(
        'kubectl',
        ['--kubeconfig', kubeconfig, '--namespace', namespace, ...args, ...(input ? ['-f', file] : [])],
        { env: { ...process.env, PATH: `${kubectlFolder()}:${process.env['PATH'] ?? ''}` } },
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
    kubectl,
    remove: async () => {
      await kubectl(['delete', 'namespace', namespace, '--wait=false']);
    },
  };
}

function kubectlFolder(): string {
  const cache = process.env['XDG_CACHE_HOME'] || join(process.env['HOME'] ?? '', '.cache');
  return join(process.env['PERIJOVE_CLUSTER_CACHE'] || join(cache, 'perijove-cluster'), 'bin');
}
