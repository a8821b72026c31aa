// The chart, by a real Helm in a real cluster, with an image of what the Containerfile says.
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { KernelModel, SessionModel } from '@perijove/protocol';
import { testCluster, TestWebSocket, type Forward, type TestCluster } from '@perijove/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const chart = `${root}charts/perijove`;
const release = 'pj';
const name = 'pj-perijove';

let cluster: TestCluster;
beforeAll(async () => void (cluster = await testCluster()));
afterAll(() => cluster.remove());

const template = (...args: string[]): Promise<string> =>
  cluster.helm(['template', release, chart, '--kube-version', '1.35.0', ...args]);

describe('[B62] the chart', () => {
  test('has no fault that Helm knows of', async () => {
    expect(await cluster.helm(['lint', chart, '--strict'])).toContain('0 chart(s) failed');
  });

  test.each([
    ['mode=x', /mode.*must be one of 'lab', 'gateway'/s],
    ['replicas=-1', /replicas.*minimum/s],
    ['notebooks.persistence.size=lots', /size.*pattern/s],
    ['settings.PERIJOVE_TOKEN=secret', /settings.*PERIJOVE_TOKEN/s],
    ['mood=good', /mood/],
    ['kernelspecs.r.argv={R}', /kernelspecs\/r.*display_name/s],
    ['serviceAccount.create=false', /serviceAccount.name: which one/],
    ['ingress.enabled=true', /ingress.host: the name that people type/],
  ])('refuses %s, and says why', async (value, message) => {
    await expect(template('--set', value)).rejects.toThrow(message);
  });

  test.each([
    ['as it is', []],
    ['a gateway', ['mode=gateway', 'replicas=2']],
    [
      'volumes',
      [
        'notebooks.persistence.enabled=true',
        'state.persistence.enabled=true',
        'notebooks.rootDir=/n/{username}/w',
      ],
    ],
    [
      'all else',
      [
        'ingress.enabled=true',
        'ingress.host=a.b',
        'rbac.readNodes=true',
        'networkPolicy.kernelsReachOut=false',
        'userTokens.existingSecret=users',
        'metrics.annotations=true',
      ],
    ],
  ])('gives the cluster what it takes, with %s', async (_what, values) => {
    const rendered = await template(...values.flatMap((value) => ['--set', value]));
    const said = await cluster.kubectl(['apply', '--dry-run=server'], rendered);
    expect(said).toContain(`deployment.apps/${name} created (server dry run)`);
  });

  test('mounts notebooks in kernels where the server has them, and each user’s in theirs alone', async () => {
    const values = [
      '--set',
      'notebooks.persistence.enabled=true',
      '--set',
      'notebooks.rootDir=/home/{username}/notebooks',
    ];
    const rendered = await template(...values, '--show-only', 'templates/kernelspecs.yaml');
    const kernelspec = JSON.parse(rendered.slice(rendered.indexOf('{'))) as {
      metadata: { kernel_provisioner: { config: object } };
    };
    expect(kernelspec.metadata.kernel_provisioner.config).toMatchObject({
      volumes: [{ name: 'notebooks', persistentVolumeClaim: { claimName: `${name}-notebooks` } }],
      volumeMounts: [
        { name: 'notebooks', mountPath: '/home/{username}/notebooks', subPath: '{username}/notebooks' },
      ],
    });
    const server = await template(...values, '--show-only', 'templates/deployment.yaml');
    expect(server).toContain('{ name: notebooks, mountPath: /home }');
  });

  test.each(['lab', 'gateway'])('is what the plain manifests of a %s were made from', async (mode) => {
    const rendered = execFileSync(process.execPath, [`${root}tools/manifests.js`, mode, '--print'], {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${cluster.bin}:${process.env['PATH'] ?? ''}` },
    });
    expect(rendered).toBe(await readFile(`${root}deploy/${mode}.yaml`, 'utf8'));
  });
});

interface Installed {
  readonly forward: Forward;
  readonly token: string;
}

async function reach(): Promise<Installed> {
  const encoded = await cluster.kubectl(['get', 'secret', `${name}-token`, '-o', 'jsonpath={.data.token}']);
  return { forward: await cluster.forward(name, 8888), token: Buffer.from(encoded, 'base64').toString() };
}

async function ask<T>({ forward, token }: Installed, path: string, payload?: object): Promise<T> {
  const response = await fetch(`${forward.url}/${path}`, {
    headers: { authorization: `token ${token}` },
    ...(payload ? { method: 'POST', body: JSON.stringify(payload) } : {}),
  });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

async function run({ forward, token }: Installed, kernelId: string, code: string): Promise<string> {
  const url = `${forward.url.replace('http', 'ws')}/api/kernels/${kernelId}/channels?token=${token}`;
  const socket = await new TestWebSocket(url, { framing: 'v1' }).opened();
  const executed = socket.execute(code);
  await socket.finished(executed, 60_000);
  await socket.close();
  return socket.printed(executed).trim();
}

const count = 50;

test(`[B63] helm install, ${count} kernels on both nodes, the pod that has them killed, the other one goes on; uninstall leaves nothing`, async () => {
  const [repository = '', tag = ''] = cluster.serverImage.split(/:(?=[^:/]*$)/);
  const kernelspec = {
    display_name: 'Python 3',
    language: 'python',
    argv: ['python3', '-m', 'ipykernel_launcher', '-f', '{connection_file}'],
    metadata: {
      kernel_provisioner: {
        provisioner_name: 'kubernetes',
        config: { image: cluster.image, resources: { requests: { cpu: '10m', memory: '64Mi' } } },
      },
    },
  };
  await cluster.helm([
    'install',
    release,
    chart,
    '--wait',
    '--timeout',
    '120s',
    '--set',
    'replicas=2',
    '--set',
    `image.repository=${repository}`,
    '--set-string',
    `image.tag=${tag}`,
    '--set-json',
    `kernelspecs.python3=${JSON.stringify(kernelspec)}`,
  ]);
  const holder = async (): Promise<string> => {
    const identity = await cluster.kubectl(['get', 'lease', name, '-o', 'jsonpath={.spec.holderIdentity}']);
    return identity.replace(/_.*/, '');
  };
  const before = await holder();
  const installed = await reach();
  const session = await ask<SessionModel>(installed, 'api/sessions', {
    path: 'a.ipynb',
    name: 'a.ipynb',
    type: 'notebook',
    kernel: { name: 'python3' },
  });
  const { id } = session.kernel;
  await Promise.all(
    Array.from({ length: count - 1 }, () => ask<KernelModel>(installed, 'api/kernels', { name: 'python3' })),
  );
  const states = async (server: Installed): Promise<string[]> =>
    (await ask<KernelModel[]>(server, 'api/kernels')).map(({ execution_state: state }) => state);
  const allIdle = Array.from({ length: count }, () => 'idle');
  await expect.poll(() => states(installed), { timeout: 200_000, interval: 500 }).toEqual(allIdle);
  expect(await run(installed, id, 'kept = 6 * 7; print(kept)')).toBe('42');
  const nodes = await cluster.kubectl([
    'get',
    'pods',
    '-l',
    'app.kubernetes.io/component=kernel',
    '-o',
    'jsonpath={.items[*].spec.nodeName}',
  ]);
  expect(nodes.split(' ')).toHaveLength(count);
  expect(new Set(nodes.split(' ')).size).toBe(2);
  expect(await cluster.kubectl(['logs', before])).not.toContain(installed.token);

  await cluster.kubectl(['delete', 'pod', before, '--grace-period=0', '--force']);
  await installed.forward[Symbol.asyncDispose]();
  await expect.poll(holder, { timeout: 60_000, interval: 200 }).not.toBe(before);
  await cluster.kubectl(['rollout', 'status', `deployment/${name}`, '--timeout=60s']);
  const after = await reach();
  expect(await ask<SessionModel[]>(after, 'api/sessions')).toMatchObject([
    { id: session.id, kernel: { id } },
  ]);
  await expect.poll(() => states(after), { timeout: 60_000, interval: 500 }).toEqual(allIdle);
  expect(await run(after, id, 'print(kept + 1)')).toBe('43');
  const sleeping = run(after, id, 'import time; print("begun", flush=True); time.sleep(600)');
  await expect
    .poll(async () => (await ask<KernelModel>(after, `api/kernels/${id}`)).execution_state)
    .toBe('busy');
  const interrupted = await fetch(`${after.forward.url}/api/kernels/${id}/interrupt`, {
    method: 'POST',
    headers: { authorization: `token ${after.token}` },
  });
  expect(interrupted.status).toBe(204);
  await sleeping;
  await after.forward[Symbol.asyncDispose]();

  await cluster.helm(['uninstall', release, '--wait']);
  const left = (): Promise<string> =>
    cluster.kubectl([
      'get',
      'all,secrets,leases,roles,rolebindings,serviceaccounts,networkpolicies,configmaps,pvc,pdb',
      '-o',
      'name',
      '--field-selector',
      'metadata.name!=kube-root-ca.crt,metadata.name!=default',
    ]);
  await expect.poll(left, { timeout: 100_000, interval: 500 }).toBe('');
}, 420_000);
