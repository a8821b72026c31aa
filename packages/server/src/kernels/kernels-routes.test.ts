import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FileSessionStore, Sessions } from '@perijove/kernels';
import { openTestRegistry, type ScriptedChannels, type TestRegistry } from '@perijove/kernels/test-support';
import type { KernelModel, SessionModel } from '@perijove/protocol';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestApp, withToken } from '../http/test-app.ts';
import { kernelsRoutes } from './kernels-routes.ts';
import { sessionsRoutes } from './sessions-routes.ts';
import { placeOf } from './working-directory.ts';

let given: TestRegistry;
let sessions: Sessions<ScriptedChannels>;
let app: FastifyInstance;

beforeEach(async () => {
  given = await openTestRegistry();
  const { registry, folder: rootDir, log } = given;
  const place = { rootDir, resolve: (path: string) => join(rootDir, path) };
  sessions = new Sessions<ScriptedChannels>({
    registry,
    store: new FileSessionStore(join(rootDir, '.sessions.json'), log),
    log,
    placeOf: (path, name) => placeOf(path, name, place),
  });
  app = await createTestApp([
    kernelsRoutes({ registry, allowedEnvs: ['HTTP_PROXY'], ...place }),
    sessionsRoutes({ sessions, kernels: registry }),
  ]);
});
afterEach(async () => {
  await app.close();
  // Ends of kernels are written down too.
  await given.registry.stopAll();
  await sessions.flush();
  await given[Symbol.asyncDispose]();
});

async function ask(
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  url: string,
  body?: unknown,
): Promise<Answer> {
  const options: InjectOptions = { method, url, headers: withToken };
  const response = await app.inject(
    body === undefined ? options : { ...options, payload: JSON.stringify(body) },
  );
  const { statusCode: status, headers } = response;
  return { status, location: headers['location'], body: response.body === '' ? undefined : response.json() };
}

interface Answer {
  readonly status: number;
  readonly location: unknown;
  readonly body: unknown;
}

async function start(body?: unknown): Promise<KernelModel> {
  const { status, body: model } = await ask('POST', '/api/kernels', body);
  expect(status).toBe(201);
  return model as KernelModel;
}
const ready = (id: string): Promise<void> => given.registry.require(id).ready(AbortSignal.timeout(5000));
const nobody = '11111111-2222-3333-4444-555555555555';

test('[K80] POST /api/kernels answers 201 with the model and where it is, with a body and without', async () => {
  const { status, location, body } = await ask('POST', '/api/kernels');
  const model = body as KernelModel;
  expect(status).toBe(201);
  expect(location).toBe(`/api/kernels/${model.id}`);
  expect(model).toEqual({
    id: expect.stringMatching(/^\w+-\w+-\w+-\w+-\w+$/),
    name: 'python3',
    last_activity: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
    execution_state: 'starting',
    connections: 0,
  });
  expect((await start({ name: 'other' })).name).toBe('other');
  expect((await start({ name: null, path: null })).name).toBe('python3');
  expect((await ask('GET', '/api/kernels')).body).toHaveLength(3);
});

test('[K80] a kernel is shown, interrupted, restarted and ended', async () => {
  const { id } = await start();
  await ready(id);
  expect((await ask('GET', `/api/kernels/${id}?1700000000000`)).body).toMatchObject({
    id,
    execution_state: 'idle',
  });
  expect(await ask('POST', `/api/kernels/${id}/interrupt`, {})).toMatchObject({
    status: 204,
    body: undefined,
  });
  expect(await ask('POST', `/api/kernels/${id}/restart`)).toMatchObject({
    status: 200,
    body: { id, execution_state: 'idle' },
  });
  expect(await ask('DELETE', `/api/kernels/${id}`)).toMatchObject({ status: 204, body: undefined });
  expect((await ask('GET', '/api/kernels')).body).toEqual([]);
});

test.each([
  ['GET', ''],
  ['DELETE', ''],
  ['POST', '/interrupt'],
  ['POST', '/restart'],
] as const)('[K81] %s of a kernel that is not there%s: 404, in Jupyter words', async (method, what) => {
  expect(await ask(method, `/api/kernels/${nobody}${what}`)).toMatchObject({
    status: 404,
    body: { message: `Kernel does not exist: ${nobody}` },
  });
});

test('[K81] an unknown kernelspec: 501 with a sentence', async () => {
  const { status, body } = await ask('POST', '/api/kernels', { name: 'nothing' });
  expect(status).toBe(501);
  expect(body).toMatchObject({ message: expect.stringContaining("The 'nothing' kernel is not available") });
});

test.each([
  ['a list', []],
  ['a text', 'python3'],
  ['a name that is none', { name: 3 }],
  ['an empty name', { name: '' }],
  ['an id that is none', { kernel_id: '../../etc' }],
  ['an env that is none', { env: ['KERNEL_X'] }],
  ['a value that is no text', { env: { KERNEL_X: 1 } }],
  ['a value that a shell would run', { env: { KERNEL_X: '$(id)' } }],
  ['a value of two lines', { env: { KERNEL_X: 'a\nb' } }],
  ['a value beyond all length', { env: { KERNEL_X: 'a'.repeat(4097) } }],
])('[K82] a body that is %s: 400', async (_what, body) => {
  expect((await ask('POST', '/api/kernels', body)).status).toBe(400);
  expect(given.registry.list()).toEqual([]);
});

test('[K82] a body that is not JSON: 400', async () => {
  const response = await app.inject({
    method: 'POST',
    url: '/api/kernels',
    headers: withToken,
    payload: '{"name":',
  });
  expect([response.statusCode, response.json()]).toEqual([
    400,
    { message: 'Invalid JSON in body of request', reason: null },
  ]);
});

test('[K83] of env, a kernel gets KERNEL_* and what is allowed; the one token acts for whom it says', async () => {
  const env = {
    KERNEL_GPU: '1',
    KERNEL_USERNAME: 'mallory',
    HTTP_PROXY: 'p',
    LD_PRELOAD: '/tmp/x.so',
    kernel_x: '1',
  };
  const { id } = await start({ env });
  await ready(id);
  const { env: given_, username } = given.provisioner.launched[0]!;
  expect(given_).toEqual({ KERNEL_GPU: '1', HTTP_PROXY: 'p', KERNEL_USERNAME: 'mallory' });
  expect(username).toBe('mallory');
});

test.each([
  ['sub/deep/a.ipynb', 'sub'],
  ['/sub/', 'sub'],
  ['', ''],
  ['nowhere/at/all.ipynb', ''],
  ['../../etc/passwd', ''],
  ['sub/../../..', ''],
  ['sub\0x', ''],
])('[K84] a kernel of %j starts in the nearest folder under the root: %j', async (path, expected) => {
  await mkdir(join(given.folder, 'sub'));
  const { id } = await start({ path });
  await ready(id);
  expect(given.provisioner.launched[0]?.cwd).toBe(join(given.folder, expected));
});

test('[K85] the id of a living kernel finds it; that of a dead one starts it anew', async () => {
  const { id } = await start({ kernel_id: nobody, name: 'missing' });
  expect(id).toBe(nobody);
  await given.registry.require(id).died();
  const again = await start({ kernel_id: nobody });
  expect(again).toMatchObject({ id: nobody, name: 'python3', execution_state: 'starting' });
  await ready(id);
  expect(await start({ kernel_id: nobody, name: 'other' })).toMatchObject({ id: nobody, name: 'python3' });
});

test('[K86] a dead kernel says why, and restarts only if it can', async () => {
  const { id } = await start({ name: 'missing' });
  await given.registry.require(id).died();
  const reason = '/no/such/kernel cannot be started: no such file.';
  expect((await ask('GET', `/api/kernels/${id}`)).body).toMatchObject({
    execution_state: 'dead',
    reason,
    traceback: '',
  });
  expect(await ask('POST', `/api/kernels/${id}/restart`)).toMatchObject({
    status: 500,
    body: { message: `Exception restarting kernel: ${reason}` },
  });
});

test('[K87] a session is made, found, renamed and ended', async () => {
  const body = { path: 'a.ipynb', type: 'notebook', name: 'a.ipynb', kernel: { name: 'python3', id: null } };
  const made = await ask('POST', '/api/sessions', body);
  const session = made.body as SessionModel;
  expect([made.status, made.location]).toEqual([201, `/api/sessions/${session.id}`]);
  expect(await ask('POST', '/api/sessions', body)).toMatchObject({ status: 201, body: { id: session.id } });
  await ready(session.kernel.id);
  const renamed = await ask('PATCH', `/api/sessions/${session.id}`, { path: 'b.ipynb', name: 'b.ipynb' });
  expect(renamed).toMatchObject({
    status: 200,
    body: { path: 'b.ipynb', notebook: { path: 'b.ipynb', name: 'b.ipynb' } },
  });
  expect((await ask('GET', '/api/sessions')).body).toEqual([renamed.body]);
  expect((await ask('GET', `/api/sessions/${session.id}`)).body).toEqual(renamed.body);
  expect((await ask('DELETE', `/api/sessions/${session.id}`)).status).toBe(204);
  expect((await ask('GET', '/api/kernels')).body).toEqual([]);
});

test('[K87] what clients of before 2016 send is understood, and a name is always a text', async () => {
  const { status, body } = await ask('POST', '/api/sessions', { notebook: { path: 'old.ipynb' } });
  expect(status).toBe(201);
  expect(body).toMatchObject({ path: 'old.ipynb', name: '', type: 'notebook', kernel: { name: 'python3' } });
});

test.each([
  ['no body', undefined, 'No JSON data provided'],
  ['no path', { type: 'notebook' }, 'Missing field in JSON data: path'],
  ['no type', { path: 'a.ipynb' }, 'Missing field in JSON data: type'],
  [
    'an id that is none',
    { path: 'a', type: 'file', kernel: { id: 'x/../y' } },
    'Not the id of a kernel: x/../y',
  ],
])('[K88] a session with %s: 400', async (_what, body, message) => {
  expect(await ask('POST', '/api/sessions', body)).toMatchObject({ status: 400, body: { message } });
});

test('[K88] a session of an unknown kernelspec: 501 with both messages', async () => {
  const body = { path: 'a.ipynb', type: 'notebook', kernel: { name: 'nothing' } };
  const answer = {
    message:
      "The 'nothing' kernel is not available. Please pick another suitable kernel instead, or install that kernel.",
    short_message: 'nothing not found',
  };
  expect(await ask('POST', '/api/sessions', body)).toMatchObject({ status: 501, body: answer });
  const { body: session } = await ask('POST', '/api/sessions', { ...body, kernel: {} });
  const change = await ask('PATCH', `/api/sessions/${(session as SessionModel).id}`, {
    kernel: { name: 'nothing' },
  });
  expect(change).toMatchObject({ status: 501, body: answer });
});

test('[K88] sessions and kernels that are not there: 404, and 400 for a kernel to change to', async () => {
  const message = `Session not found: session_id='${nobody}'`;
  for (const method of ['GET', 'PATCH', 'DELETE'] as const) {
    expect(await ask(method, `/api/sessions/${nobody}`, method === 'PATCH' ? {} : undefined)).toMatchObject({
      status: 404,
      body: { message },
    });
  }
  const { body } = await ask('POST', '/api/sessions', { path: 'a', type: 'file' });
  expect(
    await ask('PATCH', `/api/sessions/${(body as SessionModel).id}`, { kernel: { id: nobody } }),
  ).toMatchObject({
    status: 400,
    body: { message: `No such kernel: ${nobody}` },
  });
});

test('[K89] who may do nothing is told nothing', async () => {
  for (const url of ['/api/kernels', '/api/sessions']) {
    expect((await app.inject({ url })).statusCode).toBe(403);
    expect((await app.inject({ method: 'POST', url, payload: '{}' })).statusCode).toBe(403);
  }
});
