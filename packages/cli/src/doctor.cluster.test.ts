// `perijove doctor --kubernetes` at a real cluster.
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  installKernelspec,
  makeFolders,
  removeFolders,
  testCluster,
  type PerijoveFolders,
  type TestCluster,
} from '@perijove/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';

const bundle = fileURLToPath(new URL('../../../dist/perijove.js', import.meta.url));
let cluster: TestCluster;
let folders: PerijoveFolders;

beforeEach(async () => {
  cluster = await testCluster();
  folders = await makeFolders();
});
afterEach(async () => {
  await cluster.remove();
  await removeFolders(folders);
});

async function doctor(...args: string[]): Promise<{ code: number; said: string }> {
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folders.home,
    JUPYTER_PATH: join(folders.base, 'jupyter'),
  };
  const all = [bundle, 'doctor', ...args];
  try {
    return { code: 0, said: (await promisify(execFile)(process.execPath, all, { env })).stdout };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, said: stdout + stderr };
  }
}

const here = (kubeconfig = cluster.kubeconfig): string[] => [
  '--kubernetes',
  '--kubeconfig',
  kubeconfig,
  '--kubernetes-namespace',
  cluster.namespace,
];

const kernelspec = (name: string, config: object): Promise<string> =>
  installKernelspec(join(folders.base, 'jupyter/kernels'), name, {
    argv: ['python3', '-m', 'ipykernel_launcher', '-f', '{connection_file}'],
    display_name: name,
    language: 'python',
    metadata: {
      kernel_provisioner: { provisioner_name: 'kubernetes', config: { image: cluster.image, ...config } },
    },
  });

test('[B65] where all is well it says so, having run a kernel, and leaves nothing', async () => {
  await kernelspec('python', {});
  const { code, said } = await doctor(...here());
  expect(said).toMatch(/^ok +the cluster: Kubernetes v1\.\d+/m);
  expect(said).toMatch(/^ok +permissions: all that is needed is permitted/m);
  expect(said).toMatch(/^ok +quotas: the namespace has none/m);
  expect(said).toMatch(/^ok +the kernelspec python: the cluster takes its pods/m);
  expect(said).toMatch(/^ok +the image .*: a kernel of python runs and can be reached; it took [\d.]+ s/m);
  expect(said).toMatch(/^ok +names \(DNS\): are found in pods/m);
  expect(said).toContain('Kernels run in this cluster.');
  expect(code).toBe(0);
  expect(await cluster.kubectl(['get', 'pods', '-o', 'name'])).toBe('');
});

test('[B65] rights, a quota, a kernelspec and an image that will not do are each named, with what to do', async () => {
  await kernelspec('root', { securityContext: { runAsUser: 0 } });
  await kernelspec('huge', { resources: { requests: { cpu: '900' }, limits: { cpu: '900' } } });
  await kernelspec('nowhere', { image: 'perijove.test/nowhere:1', imagePullPolicy: 'Never' });
  const { code, said } = await doctor(...here());
  expect(said).toMatch(/^BAD +the kernelspec root: .*(PodSecurity|Pod Security|runAsNonRoot|runAsUser)/m);
  expect(said).toMatch(/^BAD +the kernelspec huge: it needs 900 CPUs, and the largest node has/m);
  expect(said).toMatch(/^ok +the kernelspec nowhere/m);
  expect(said).toMatch(/^BAD +the image perijove\.test\/nowhere:1: .*\n +→/m);
  expect(said).toContain('3 things have to be mended before kernels run in this cluster.');
  expect(code).toBe(1);

  await cluster.kubectl(['create', 'quota', 'small', '--hard=pods=0']);
  await cluster.kubectl(['create', 'serviceaccount', 'nobody']);
  await expect
    .poll(() => cluster.kubectl(['get', 'quota', 'small', '-o', 'jsonpath={.status.hard.pods}']))
    .toBe('0');
  const full = await doctor(...here(), '--dry');
  expect(full.said).toMatch(/^BAD +the quota small: is used up: 0 of 0 pods/m);
  const token = (await cluster.kubectl(['create', 'token', 'nobody'])).trim();
  const config = (await readFile(cluster.kubeconfig, 'utf8')).replace(
    /user: \{client-certificate-data.*\}/,
    `user: {token: ${token}}`,
  );
  const file = join(folders.base, 'nobody.yaml');
  await writeFile(file, config, { mode: 0o600 });
  const refused = await doctor(...here(file), '--dry');
  expect(refused.said).toContain(
    `this account may not get, list, watch, create, patch and delete pods, get and create secrets`,
  );
  expect(refused.said).toContain(
    `kubectl --namespace ${cluster.namespace} create role perijove-pods --verb=get,list`,
  );
  expect(refused.code).toBe(1);
});

test('[B65] a cluster that does not answer, and none at all', async () => {
  expect(await doctor('--kubernetes')).toMatchObject({
    code: 2,
    said: expect.stringContaining('There is no cluster to look at'),
  });
  expect(await doctor()).toMatchObject({ code: 2, said: expect.stringContaining('Say what to look at') });
  const config = (await readFile(cluster.kubeconfig, 'utf8')).replace(
    /server: "[^"]*"/,
    'server: "https://127.0.0.1:9"',
  );
  const file = join(folders.base, 'away.yaml');
  await writeFile(file, config, { mode: 0o600 });
  const { code, said } = await doctor(...here(file), '--json');
  expect(JSON.parse(said)).toMatchObject([
    { state: 'problem', subject: 'the cluster', remedy: expect.any(String) },
  ]);
  expect(code).toBe(1);
});
