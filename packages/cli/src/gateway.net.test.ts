import { mkdir, realpath } from 'node:fs/promises';
import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import {
  fakeKernelspec,
  installKernelspec,
  makeFolders,
  removeFolders,
  startPerijove,
  type PerijoveFolders,
  type PerijoveProcess,
} from '@perijove/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';

let folders: PerijoveFolders;
let env: Record<string, string>;
const running: PerijoveProcess[] = [];

beforeEach(async () => {
  folders = await makeFolders();
  const data = join(folders.base, 'jupyter');
  env = { JUPYTER_PATH: data, EG_AUTH_TOKEN: 'secret' };
  const kernels = join(data, 'kernels');
  await installKernelspec(
    kernels,
    'fake',
    fakeKernelspec({ env: { KERNEL_FROM: 'spec', FROM_SPEC: 'yes' } }),
  );
  await installKernelspec(kernels, 'slow', fakeKernelspec({ startDelayMs: 60_000 }));
  await installKernelspec(kernels, 'broken', { ...fakeKernelspec(), argv: ['/no/such/program'] });
  const lists = {
    process_proxy: {
      class_name: 'enterprise_gateway.services.processproxies.processproxy.LocalProcessProxy',
      config: { authorized_users: 'somebody-else' },
    },
  };
  await installKernelspec(kernels, 'theirs', { ...fakeKernelspec(), metadata: lists });
});

afterEach(async () => {
  for (const server of running.splice(0)) await server[Symbol.asyncDispose]();
  await removeFolders(folders);
});

async function start(
  args: readonly string[] = [],
  more: Record<string, string> = {},
): Promise<PerijoveProcess> {
  const server = await startPerijove({ command: 'gateway', folders, env: { ...env, ...more }, args });
  running.push(server);
  return server;
}

interface Model {
  readonly id: string;
  readonly execution_state: string;
}
const id = 'a3b1c2d4-0000-4000-8000-000000000001';
const asAdmin = { authorization: 'token secret' };
interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}
const ask = (gateway: PerijoveProcess, path: string, init: Ask = {}): Promise<Response> =>
  fetch(new URL(path, gateway.url), { ...init, headers: { ...asAdmin, ...init.headers } });
const post = (
  gateway: PerijoveProcess,
  body?: object,
  headers: Record<string, string> = {},
): Promise<Response> =>
  // Bytes: fetch then sends no Content-Type.
  ask(gateway, 'api/kernels', {
    method: 'POST',
    headers,
    ...(body === undefined ? {} : { body: new TextEncoder().encode(JSON.stringify(body)) }),
  });
const listed = async (gateway: PerijoveProcess): Promise<Model[]> =>
  (await ask(gateway, 'api/kernels')).json() as Promise<Model[]>;

test('[JG1] [JG2] [JG14] a gateway says that it is one, and has kernels and no contents', async () => {
  const gateway = await start();
  expect(await (await fetch(new URL('api', gateway.url))).json()).toEqual({
    version: expect.any(String),
    gateway_version: expect.any(String),
  });
  for (const path of ['tree', 'api/contents', 'api/terminals', 'lab']) {
    expect((await ask(gateway, path)).status, path).toBe(404);
  }
  expect((await ask(gateway, 'api/shutdown', { method: 'POST' })).status).toBe(404);
  expect((await fetch(new URL('api/kernelspecs', gateway.url))).status).toBe(403);
  for (const path of ['api/swagger.json', 'api/swagger.yaml']) {
    const document = (await (await fetch(new URL(path, gateway.url))).json()) as { paths: object };
    expect(Object.keys(document.paths)).toContain('/api/kernels/{id}/interrupt');
  }
});

test('[JG3] [JG4] [JG7] a start answers when the kernel is up, under the id that the client chose', async () => {
  const gateway = await start();
  const answer = await post(gateway, { name: 'fake', env: { KERNEL_ID: id } });
  expect([answer.status, answer.headers.get('location')]).toEqual([201, `/api/kernels/${id}`]);
  expect(await answer.json()).toMatchObject({ id, name: 'fake', execution_state: 'idle' });
  expect((await post(gateway, { name: 'fake', env: { KERNEL_ID: 'no uuid' } })).status).toBe(400);
});

test('[JG4] who does not want to wait, or not so long, is told that it is starting', async () => {
  const gateway = await start();
  const atOnce = await post(gateway, { name: 'slow' }, { prefer: 'respond-async, wait=10' });
  expect([atOnce.status, atOnce.headers.get('preference-applied')]).toEqual([201, 'respond-async']);
  const soon = await post(gateway, { name: 'slow', env: { KERNEL_LAUNCH_TIMEOUT: '0.2' } });
  expect(soon.status).toBe(201);
  for (const answer of [atOnce, soon]) {
    const model = (await answer.json()) as Model;
    expect(model.execution_state).toBe('starting');
    expect((await ask(gateway, `api/kernels/${model.id}`)).status).toBe(200);
  }
});

test('[JG5] a start that fails says why and leaves nothing', async () => {
  const gateway = await start();
  const answer = await post(gateway, { name: 'broken' });
  expect(answer.status).toBe(500);
  expect(await answer.json()).toMatchObject({ message: expect.stringContaining('/no/such/program') });
  expect(await listed(gateway)).toEqual([]);
});

test('[JG6] a client that goes away while it waits leaves no kernel, unless it chose the id', async () => {
  const gateway = await start();
  const leave = async (body: object, isThere: (kernels: Model[]) => boolean): Promise<void> => {
    const call = request(new URL('api/kernels', gateway.url), { method: 'POST', headers: asAdmin });
    const failed = once(call, 'error');
    call.end(JSON.stringify(body));
    await expect.poll(() => listed(gateway), { timeout: 10_000 }).toSatisfy(isThere);
    call.destroy(new Error('gone'));
    await failed;
  };
  await leave({ name: 'slow', env: { KERNEL_ID: id } }, (kernels) => kernels.length === 1);
  await leave({ name: 'slow' }, (kernels) => kernels.length === 2);
  await expect
    .poll(async () => (await listed(gateway)).map((kernel) => kernel.id), { timeout: 10_000 })
    .toEqual([id]);
});

test('[JG8] [JG9] [JG18] what a kernel has of its client, its kernelspec and the gateway', async () => {
  const inside = join(folders.root, 'inside');
  await mkdir(inside);
  const gateway = await start([], { EG_CLIENT_ENVS: 'ALLOWED', GATEWAY_OWN: 'x', EG_SECRET: 'y' });
  const environmentOf = async (wanted: Record<string, string> | undefined) => {
    const model = (await (
      await post(gateway, { name: 'fake', ...(wanted === undefined ? {} : { env: wanted }) })
    ).json()) as Model;
    return kernelProcess(model.id);
  };
  const given = await environmentOf({
    KERNEL_FROM: 'request',
    KERNEL_GATEWAY: '0',
    KERNEL_WORKING_DIR: inside,
    ALLOWED: 'a',
    LD_PRELOAD: '/evil.so',
  });
  expect(given.env).toMatchObject({
    KERNEL_FROM: 'request',
    FROM_SPEC: 'yes',
    KERNEL_GATEWAY: '1',
    ALLOWED: 'a',
  });
  expect(given.env['KERNEL_LANGUAGE']).toBe('fake');
  expect(given.env).not.toHaveProperty('LD_PRELOAD');
  expect(given.cwd).toBe(await realpath(inside));
  const bare = await environmentOf(undefined);
  for (const name of ['EG_AUTH_TOKEN', 'PERIJOVE_TOKEN']) expect(bare.env).not.toHaveProperty(name);
  expect(Object.keys(bare.env)).toContain('KERNEL_ID');
  expect((await environmentOf({ KERNEL_WORKING_DIR: '/etc' })).cwd).toBe(await realpath(folders.root));
  expect((await post(gateway, { name: 'fake', env: { KERNEL_X: 'a`b' } })).status).toBe(400);
});

/** What a kernel's process was started with, by its connection file's id. */
async function kernelProcess(kernelId: string): Promise<{ env: Record<string, string>; cwd: string }> {
  const { readdir, readFile, readlink } = await import('node:fs/promises');
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (!command.includes(kernelId) || !command.includes('fake-kernel-process')) continue;
    const pairs = (await readFile(`/proc/${pid}/environ`, 'utf8'))
      .split('\0')
      .filter((pair) => pair !== '')
      .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] as const);
    const found = Object.fromEntries(pairs);
    if (found['KERNEL_ID'] === kernelId) return { env: found, cwd: await readlink(`/proc/${pid}/cwd`) };
  }
  throw new Error(`no process of kernel ${kernelId}`);
}

test('[JG10] [JG11] [JG17] who may start what, by kernels and by sessions, and what is shown of it', async () => {
  const gateway = await start(['--allowed-kernelspecs', 'fake,theirs']);
  const names = async (query = ''): Promise<string[]> => {
    const { kernelspecs } = (await (await ask(gateway, `api/kernelspecs${query}`)).json()) as {
      kernelspecs: object;
    };
    return Object.keys(kernelspecs).toSorted();
  };
  expect(await names()).toEqual(['fake']);
  expect(await names('?user=somebody-else')).toEqual(['fake', 'theirs']);
  expect(await names('?user=somebody-else/fake')).toEqual(['fake', 'theirs']);
  expect(await names('?user=some')).toEqual(['fake']);
  expect((await ask(gateway, 'api/kernelspecs/theirs')).status).toBe(403);
  expect((await post(gateway, { name: 'theirs' })).status).toBe(403);
  const session = { path: 'a.ipynb', type: 'notebook', name: 'a', kernel: { name: 'theirs' } };
  expect((await ask(gateway, 'api/sessions', { method: 'POST', body: JSON.stringify(session) })).status).toBe(
    403,
  );
  expect((await post(gateway, { name: 'slow' })).status).toBe(501);
});

test('[JG12] lists may be switched off; a kernel by its id is there', async () => {
  const gateway = await start([], { EG_LIST_KERNELS: 'False' });
  await post(gateway, { name: 'fake', env: { KERNEL_ID: id } });
  expect((await ask(gateway, 'api/kernels')).status).toBe(403);
  expect((await ask(gateway, 'api/sessions')).status).toBe(403);
  expect((await ask(gateway, `api/kernels/${id}`)).status).toBe(200);
});

test('[JG13] preflight requests are answered at every path, with the headers that are set', async () => {
  const gateway = await start([], {
    EG_ALLOW_ORIGIN: '*',
    EG_ALLOW_HEADERS: 'x-a',
    EG_ALLOW_METHODS: 'GET',
    EG_EXPOSE_HEADERS: 'x-b',
    EG_MAX_AGE: '60',
  });
  for (const path of [
    `api/kernels/${id}/interrupt`,
    `api/sessions/${id}`,
    'api/kernelspecs/fake',
    'api/kernels',
  ]) {
    const answer = await fetch(new URL(path, gateway.url), { method: 'OPTIONS' });
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-headers': 'x-a',
      'access-control-allow-methods': 'GET',
      'access-control-expose-headers': 'x-b',
      'access-control-max-age': '60',
    });
  }
});

test('[JG15] a variable of Enterprise Gateway that means nothing is said at start', async () => {
  const gateway = await start([], { EG_YARN_ENDPOINT: 'http://rm' });
  expect(gateway.output()).toContain('EG_YARN_ENDPOINT');
});

test('[JG16] SIGTERM ends no kernel, and the next gateway has it under its id', async () => {
  const first = await start();
  await post(first, { name: 'fake', env: { KERNEL_ID: id } });
  await first.end('SIGTERM');
  expect(first.output()).toContain('1 kernel goes on');
  const second = await start();
  await expect
    .poll(async () => (await listed(second)).map((kernel) => kernel.id), { timeout: 10_000 })
    .toEqual([id]);
  expect((await ask(second, `api/kernels/${id}/restart`, { method: 'POST' })).status).toBe(200);
  expect((await ask(second, `api/kernels/${id}`, { method: 'DELETE' })).status).toBe(204);
});

test('[JG35] a gateway shows what runs on it: the machine with its room, kernels with their phase and what they use', async () => {
  const gateway = await start();
  await post(gateway, { name: 'fake', env: { KERNEL_ID: id } });
  const seen = async () => (await ask(gateway, 'perijove/api/overview')).json();
  await expect.poll(seen, { timeout: 10_000 }).toMatchObject({
    machines: [{ capacity: { memoryBytes: expect.any(Number) } }],
    kernels: [
      { id, kernelspec: 'fake', phase: 'idle', resources: { used: { memoryBytes: expect.any(Number) } } },
    ],
  });
});
