// What Enterprise Gateway gets wrong (docs/reference/jeg.md), as its clients would see it of ours.
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
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
const running: PerijoveProcess[] = [];

beforeEach(async () => {
  folders = await makeFolders();
  const kernels = join(folders.base, 'jupyter', 'kernels');
  await installKernelspec(kernels, 'fake', fakeKernelspec());
  await installKernelspec(kernels, 'broken', { ...fakeKernelspec(), argv: ['/no/such/program'] });
});

afterEach(async () => {
  for (const server of running.splice(0)) await server[Symbol.asyncDispose]();
  await removeFolders(folders);
});

async function start(more: Record<string, string> = {}): Promise<PerijoveProcess> {
  const env = {
    JUPYTER_PATH: join(folders.base, 'jupyter'),
    EG_AUTH_TOKEN: 'secret',
    EG_DEFAULT_KERNEL_NAME: 'fake',
    ...more,
  };
  const server = await startPerijove({ command: 'gateway', folders, env });
  running.push(server);
  return server;
}

interface Model {
  readonly id: string;
  readonly execution_state: string;
}
interface Session {
  readonly id: string;
  readonly kernel: Model;
}

async function ask(
  gateway: PerijoveProcess,
  method: string,
  path: string,
  body?: object | string,
): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(new URL(path, gateway.url), {
    method,
    headers: { authorization: 'token secret' },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: (text === '' ? undefined : JSON.parse(text)) as unknown };
}
const startKernel = async (gateway: PerijoveProcess, body?: object): Promise<Model> =>
  (await ask(gateway, 'POST', 'api/kernels', body)).body as Model;
const listed = async (gateway: PerijoveProcess): Promise<Model[]> =>
  (await ask(gateway, 'GET', 'api/kernels')).body as Model[];
const startSession = async (gateway: PerijoveProcess, wanted: object): Promise<Session> => {
  const { status, body } = await ask(gateway, 'POST', 'api/sessions', wanted);
  expect(status).toBe(201);
  return body as Session;
};
const unknown = 'a3b1c2d4-0000-4000-8000-00000000dead';

/** The processes of a kernel, by its id in their environment. */
async function processesOf(kernelId: string): Promise<{ pid: number; env: Record<string, string> }[]> {
  const found = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (!command.includes('fake-kernel-process')) continue;
    const text = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    const pairs = text.split('\0').map((pair) => [pair.split('=', 1)[0]!, pair.slice(pair.indexOf('=') + 1)]);
    const env = Object.fromEntries(pairs) as Record<string, string>;
    if (env['KERNEL_ID'] === kernelId) found.push({ pid: Number(pid), env });
  }
  return found;
}
async function environmentOf(kernelId: string): Promise<Record<string, string>> {
  const [first] = await processesOf(kernelId);
  if (first === undefined) throw new Error(`no process of kernel ${kernelId}`);
  return first.env;
}

test('[JG40] starts at once have each its own env, and a later one without env has that of nobody', async () => {
  const gateway = await start({ GATEWAY_SECRET: 'x', EG_REMOTE_PWD: 'y' });
  const names = ['alice', 'bob', 'carol', 'dave', 'eve', 'frank'];
  const models = await Promise.all(
    names.map((name) =>
      startKernel(gateway, { env: { KERNEL_USERNAME: name, [`KERNEL_OF_${name}`]: name } }),
    ),
  );
  const bare = await startKernel(gateway);
  const empty = await startKernel(gateway, { env: {} });
  const ofUsers = (env: Record<string, string>): string[] =>
    Object.keys(env).filter((name) => name.startsWith('KERNEL_OF_'));
  for (const [at, name] of names.entries()) {
    const env = await environmentOf(models[at]!.id);
    expect([ofUsers(env), env['KERNEL_USERNAME']]).toEqual([[`KERNEL_OF_${name}`], name]);
  }
  const [withoutEnv, withEmpty] = [await environmentOf(bare.id), await environmentOf(empty.id)];
  expect(ofUsers(withoutEnv)).toEqual([]);
  expect(Object.keys(withoutEnv).toSorted()).toEqual(Object.keys(withEmpty).toSorted());
  for (const name of ['EG_AUTH_TOKEN', 'EG_REMOTE_PWD']) expect(withoutEnv).not.toHaveProperty(name);
});

test('[JG41] sessions: whole models, one for each path, by id, with a kernel that there is', async () => {
  const gateway = await start();
  const kernel = await startKernel(gateway);
  const wanted = { path: 'a.ipynb', type: 'notebook', name: 'a', kernel: { id: kernel.id } };
  const made = await startSession(gateway, wanted);
  expect(made).toMatchObject({ ...wanted, notebook: { path: 'a.ipynb' } });
  expect((await startSession(gateway, wanted)).id).toBe(made.id);
  const path = `api/sessions/${made.id}`;
  expect(await ask(gateway, 'GET', path)).toMatchObject({ status: 200, body: { id: made.id } });
  expect(await ask(gateway, 'PATCH', path, { path: 'b.ipynb' })).toMatchObject({
    status: 200,
    body: { path: 'b.ipynb', kernel: { id: kernel.id } },
  });

  // One whose kernel is gone does not spoil the list.
  const other = await startSession(gateway, {
    path: 'c.ipynb',
    type: 'notebook',
    kernel: { name: 'fake' },
  });
  const { id: started } = other.kernel;
  await expect.poll(() => processesOf(started), { timeout: 10_000 }).not.toEqual([]);
  const env = await environmentOf(started);
  expect(env).toMatchObject({
    KERNEL_GATEWAY: '1',
    KERNEL_LANGUAGE: 'fake',
    KERNEL_USERNAME: userInfo().username,
  });
  expect(env).not.toHaveProperty('EG_AUTH_TOKEN');
  await ask(gateway, 'DELETE', `api/kernels/${kernel.id}`);
  expect(await ask(gateway, 'GET', 'api/sessions')).toMatchObject({ status: 200, body: [{ id: other.id }] });
  expect((await ask(gateway, 'DELETE', `api/sessions/${other.id}`)).status).toBe(204);
});

test('[JG42] what is unknown is 404, what is wrong 400, and no answer has a traceback', async () => {
  const gateway = await start();
  const answers = [
    await ask(gateway, 'GET', `api/kernels/${unknown}`),
    await ask(gateway, 'DELETE', `api/kernels/${unknown}`),
    await ask(gateway, 'POST', `api/kernels/${unknown}/interrupt`),
    await ask(gateway, 'POST', `api/kernels/${unknown}/restart`),
    await ask(gateway, 'GET', `api/sessions/${unknown}`),
    await ask(gateway, 'PATCH', `api/sessions/${unknown}`, {}),
    await ask(gateway, 'GET', 'api/kernelspecs/none'),
  ];
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 404));
  const wrong = [
    '{',
    '[]',
    { env: 'x' },
    { env: { KERNEL_X: 1 } },
    { env: { KERNEL_X: 'x'.repeat(4097) } },
    { env: { KERNEL_ID: '../../etc' } },
    ...['$', '`', '\n', '\r', '\0'].map((text) => ({ env: { KERNEL_X: `a${text}b` } })),
  ];
  for (const body of wrong) {
    const answer = await ask(gateway, 'POST', 'api/kernels', body);
    expect(answer.status, JSON.stringify(body)).toBe(400);
    answers.push(answer);
  }
  answers.push(await ask(gateway, 'POST', 'api/kernels', { name: 'broken' }));
  for (const { body } of answers) {
    expect(body).toMatchObject({ message: expect.any(String) });
    expect(body).not.toHaveProperty('traceback', expect.stringContaining(' at '));
  }
  expect(await listed(gateway)).toEqual([]);
});

test('[JG43] a burst goes no further than the limits, what is over waits, and a killed gateway counts on', async () => {
  const first = await start({ EG_MAX_KERNELS: '3', EG_MAX_KERNELS_PER_USER: '2' });
  const prefer = { headers: { authorization: 'token secret', prefer: 'respond-async' }, method: 'POST' };
  const begin = async (gateway: PerijoveProcess, name: string): Promise<Model> => {
    const body = JSON.stringify({ env: { KERNEL_USERNAME: name } });
    return (await fetch(new URL('api/kernels', gateway.url), { ...prefer, body })).json() as Promise<Model>;
  };
  const models = await Promise.all(
    ['alice', 'alice', 'alice', 'bob', 'bob', 'bob'].map((name) => begin(first, name)),
  );
  const processes = async (): Promise<number> =>
    (await Promise.all(models.map(({ id }) => processesOf(id)))).filter(({ length }) => length > 0).length;
  const up = async (gateway: PerijoveProcess): Promise<Model[]> =>
    (await listed(gateway)).filter(({ execution_state: state }) => state === 'idle');
  await expect.poll(() => up(first).then(({ length }) => length), { timeout: 20_000 }).toBe(3);
  expect(await processes()).toBe(3);

  await first.end('SIGKILL');
  const second = await start({ EG_MAX_KERNELS: '6', EG_MAX_KERNELS_PER_USER: '2' });
  await expect.poll(() => up(second).then(({ length }) => length), { timeout: 20_000 }).toBe(4);
  // The kernels of before count: of each user two run, and not one more.
  expect(await processes()).toBe(4);
  expect(await listed(second)).toHaveLength(6);
});

test('[JG44] no value of env is read by a shell', async () => {
  const gateway = await start({ EG_CLIENT_ENVS: '*' });
  const mark = join(folders.base, 'mark');
  const attacks = [`& touch ${mark}`, `; touch ${mark}`, `| touch ${mark}`, `' ; touch ${mark} '`];
  for (const [at, text] of attacks.entries()) {
    const { id } = await startKernel(gateway, {
      env: { KERNEL_EXTRA_SPARK_OPTS: text, KERNEL_WORKING_DIR: text, [`A;touch ${mark}`]: text },
    });
    expect((await environmentOf(id))['KERNEL_EXTRA_SPARK_OPTS'], String(at)).toBe(text);
  }
  expect(existsSync(mark)).toBe(false);
});

test('[JG45] what is kept of kernels is for the gateway alone to read, and the token is nowhere', async () => {
  const gateway = await start();
  await startKernel(gateway, { env: { KERNEL_X: 'x' } });
  const files = (await readdir(folders.home, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  );
  const kept = files.filter(({ name }) => /\.json$|journal/.test(name));
  expect(kept.length).toBeGreaterThan(1);
  for (const { parentPath, name } of kept) {
    const path = join(parentPath, name);
    expect((await stat(path)).mode & 0o077, path).toBe(0);
    // Other tools find a running server, and its token, in this file.
    if (!name.startsWith('jpserver-')) expect(await readFile(path, 'latin1'), path).not.toContain('"secret"');
  }
});
