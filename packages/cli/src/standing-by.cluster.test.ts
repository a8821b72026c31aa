// Two servers of one name, on this machine, whose kernels are pods of a real cluster.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { SessionModel } from '@perijove/protocol';
import {
  installKernelspec,
  makeFolders,
  removeFolders,
  startPerijove,
  testCluster,
  TestWebSocket,
  type PerijoveFolders,
  type PerijoveProcess,
  type TestCluster,
} from '@perijove/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

const token = randomBytes(16).toString('hex');
let cluster: TestCluster;
let folders: PerijoveFolders;
const started: PerijoveProcess[] = [];

beforeAll(async () => {
  cluster = await testCluster();
  folders = await makeFolders();
  await installKernelspec(join(folders.base, 'jupyter/kernels'), 'python3', {
    argv: ['python3', '-m', 'ipykernel_launcher', '-f', '{connection_file}'],
    display_name: 'Python',
    language: 'python',
    metadata: {
      kernel_provisioner: {
        provisioner_name: 'kubernetes',
        config: { image: cluster.image, resources: { requests: { cpu: '10m', memory: '64Mi' } } },
      },
    },
  });
});
afterAll(async () => {
  for (const server of started) await server.end('SIGKILL');
  await cluster.remove();
  await removeFolders(folders);
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** With a home, and so a state folder, of its own. Resolves when it works, which may be long after it stands by. */
async function start(called: string, port: number): Promise<PerijoveProcess> {
  const home = join(folders.base, called);
  await mkdir(home, { recursive: true });
  const server = await startPerijove({
    folders: { ...folders, home },
    port,
    env: { JUPYTER_PATH: join(folders.base, 'jupyter'), PERIJOVE_TOKEN: token },
    args: Object.entries({
      kubeconfig: cluster.kubeconfig,
      'kubernetes-namespace': cluster.namespace,
      'kubernetes-instance': 'together',
      'kubernetes-lease': 'together',
      'kubernetes-lease-s': '4',
      'kubernetes-pod-ip': '127.0.0.1',
    }).flatMap(([name, value]) => [`--${name}`, value]),
  });
  started.push(server);
  return server;
}

async function ask<T>(port: number, path: string, payload?: object): Promise<T> {
  const response = await fetch(`http://127.0.0.1:${port}/${path}`, {
    headers: { authorization: `token ${token}`, connection: 'close' },
    ...(payload ? { method: 'POST', body: JSON.stringify(payload) } : {}),
  });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

async function run(port: number, kernelId: string, code: string): Promise<string> {
  const url = `ws://127.0.0.1:${port}/api/kernels/${kernelId}/channels?token=${token}`;
  const socket = await new TestWebSocket(url, { framing: 'v1' }).opened();
  const executed = socket.execute(code);
  await socket.finished(executed, 50_000);
  await socket.close();
  return socket.printed(executed).trim();
}

const holder = (): Promise<string> =>
  cluster.kubectl(['get', 'lease', 'together', '-o', 'jsonpath={.spec.holderIdentity}']);

test('[B61] of two servers one works and either serves; when it is killed, or ends, the other goes on with kernels and sessions', async () => {
  const ports = [await freePort(), await freePort()] as const;
  const first = await start('one', ports[0]);
  expect(await holder()).toMatch(new RegExp(`_127\\.0\\.0\\.1:${ports[0]}$`));
  const second = start('two', ports[1]);
  await expect
    .poll(() => ask(ports[1], 'api').catch(() => undefined), { timeout: 20_000 })
    .toHaveProperty('version');

  const made = await ask<SessionModel>(ports[1], 'api/sessions', {
    path: 'a.ipynb',
    name: 'a.ipynb',
    type: 'notebook',
    kernel: { name: 'python3' },
  });
  const { id } = made.kernel;
  expect(await run(ports[1], id, 'kept = 6 * 7; print(kept)')).toBe('42');
  expect(await run(ports[0], id, 'print(kept)')).toBe('42');

  await first.end('SIGKILL');
  await second;
  expect(await holder()).toMatch(new RegExp(`:${ports[1]}$`));
  const sessions = await ask<SessionModel[]>(ports[1], 'api/sessions');
  expect(sessions).toMatchObject([
    { id: made.id, path: 'a.ipynb', name: 'a.ipynb', type: 'notebook', kernel: { id } },
  ]);
  expect(await run(ports[1], id, 'print(kept + 1)')).toBe('43');

  // The one that was killed comes back, and stands by.
  const again = start('one', ports[0]);
  await expect
    .poll(() => ask<SessionModel[]>(ports[0], 'api/sessions').catch(() => undefined), { timeout: 20_000 })
    .toHaveLength(1);
  expect(await holder()).toMatch(new RegExp(`:${ports[1]}$`));
  await (await second).end('SIGTERM');
  expect((await second).output()).toMatch(/1 kernel goes on/);
  await again;
  expect(await run(ports[0], id, 'print(kept + 2)')).toBe('44');
  const [{ kernel } = { kernel: undefined }] = await ask<SessionModel[]>(ports[0], 'api/sessions');
  expect(kernel?.id).toBe(id);
});

test('[B61] a server that has the Lease and cannot be put together ends, and lets it go', async () => {
  const flags = {
    kubeconfig: cluster.kubeconfig,
    'kubernetes-namespace': cluster.namespace,
    'kubernetes-instance': 'broken',
    'kubernetes-lease': 'broken',
    'kernel-accounts': 'range',
    'kernel-account-range': '300-200',
  };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
  await expect(startPerijove({ folders, port: await freePort(), args })).rejects.toThrow(
    '--kernel-account-range 300-200: the first is greater than the last.',
  );
  const holding = ['get', 'lease', 'broken', '-o', 'jsonpath={.metadata.name}:{.spec.holderIdentity}'];
  expect(await cluster.kubectl(holding)).toBe('broken:');
});

test('[B61] a Lease without what it needs is a sentence', async () => {
  const refused = (args: string[], port = 0) =>
    startPerijove({ folders, port, args: ['--kubernetes-lease', 'x', ...args] });
  await expect(refused([])).rejects.toThrow('--kubernetes-lease needs a cluster');
  await expect(refused(['--kubeconfig', cluster.kubeconfig])).rejects.toThrow(
    '--kubernetes-lease needs a --port',
  );
  await expect(refused(['--kubeconfig', cluster.kubeconfig], await freePort())).rejects.toThrow(
    '--kubernetes-lease needs --kubernetes-instance',
  );
});
