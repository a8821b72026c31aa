// What one user can learn of another's kernels, sessions, terminals and events, and do to them: nothing.
import { once } from 'node:events';
import { join } from 'node:path';
import { FileSessionStore, Sessions } from '@perijove/kernels';
import { openTestRegistry, type ScriptedChannels, type TestRegistry } from '@perijove/kernels/test-support';
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { AuditEntry } from '../audit/audit-entry.ts';
import { openTestUsers } from '../auth/test-users.ts';
import { eventRoutes } from '../events/event-routes.ts';
import { JupyterEventBus } from '../events/jupyter-event-bus.ts';
import { jupyterEventSchemas } from '../events/jupyter-event-schemas.ts';
import { withDefaults } from '../http/option-values.ts';
import { createTestApp, withToken } from '../http/test-app.ts';
import { terminalOptions } from '../terminals/options.ts';
import { terminalRoutes } from '../terminals/terminal-routes.ts';
import { kernelEventSchemas } from './kernel-event-schemas.ts';
import { kernelsRoutes } from './kernels-routes.ts';
import { sessionsRoutes } from './sessions-routes.ts';
import { kernelWebSocket } from './websocket.ts';
import { placeOf } from './working-directory.ts';

const silent = pino({ level: 'silent' });
let given: TestRegistry;
let users: Awaited<ReturnType<typeof openTestUsers>>;
let app: FastifyInstance;
let sessions: Sessions<ScriptedChannels>;
let address: string;
let audited: AuditEntry[];
const bus = new JupyterEventBus(silent, [...jupyterEventSchemas, ...kernelEventSchemas]);

beforeEach(async () => {
  given = await openTestRegistry({ onEvent: ({ schemaId, data, owner }) => bus.emit(schemaId, data, owner) });
  users = await openTestUsers();
  audited = [];
  const { registry, folder: rootDir } = given;
  const place = { rootDir, resolve: (path: string) => join(rootDir, path) };
  sessions = new Sessions<ScriptedChannels>({
    registry,
    store: new FileSessionStore(join(rootDir, '.sessions.json'), given.log),
    log: given.log,
    placeOf: (path, name) => placeOf(path, name, place),
  });
  app = await createTestApp(
    [
      kernelsRoutes({ registry, allowedEnvs: [], ...place }),
      sessionsRoutes({ sessions, kernels: registry }),
      kernelWebSocket({
        // The test's channels stand in for those on sockets; none of these tests gets as far as them.
        kernels: registry as unknown as Parameters<typeof kernelWebSocket>[0]['kernels'],
        maxClientMessageBytes: 2 ** 20,
      }),
      terminalRoutes({
        options: withDefaults(terminalOptions, { terminalShell: ['/bin/sh'] }),
        rootDir,
        env: process.env,
        hasTerminal: false,
        serverUrl: () => 'http://localhost/',
        log: silent,
      }),
      eventRoutes({ bus, eventBufferBytes: 2 ** 20 }),
    ],
    { authenticator: users.authenticator, audit: { write: (entry) => void audited.push(entry) } },
  );
  users.namedTokens.onChange(() => app.sockets.closeInvalid());
  address = (await app.listen({ port: 0, host: '127.0.0.1' })).replace('http', 'ws');
});
afterEach(async () => {
  app.sockets.terminate();
  await app.close();
  await given.registry.stopAll();
  await sessions.flush();
  await given[Symbol.asyncDispose]();
  await users[Symbol.asyncDispose]();
});

async function ask(user: string, method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, payload?: object) {
  const response = await app.inject({
    method,
    url,
    headers: users.as(user),
    ...(payload === undefined ? {} : { payload: JSON.stringify(payload) }),
  });
  return { status: response.statusCode, body: response.body === '' ? undefined : response.json() };
}

/** The status of the refusal, or `open`. */
async function socketOf(user: string, path: string): Promise<{ status: number } | { socket: WebSocket }> {
  const socket = new WebSocket(`${address}${path}`, { headers: users.as(user) });
  return new Promise((resolve, reject) => {
    socket.on('open', () => resolve({ socket }));
    socket.on('unexpected-response', (_request, response) => resolve({ status: response.statusCode ?? 0 }));
    socket.on('error', reject);
  });
}

test('[A70] another’s kernel is as unknown as none: over REST and WebSocket', async () => {
  const { body: kernel } = await ask('ada', 'POST', '/api/kernels', {});
  const unknown = '11111111-1111-4111-8111-111111111111';
  expect(given.registry.require(kernel.id).record.username).toBe('ada');
  expect((await ask('bob', 'GET', '/api/kernels')).body).toEqual([]);
  expect((await ask('ada', 'GET', '/api/kernels')).body).toHaveLength(1);
  expect((await ask('root', 'GET', '/api/kernels')).body).toHaveLength(1);
  for (const [method, path] of [
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '/interrupt'],
    ['POST', '/restart'],
  ] as const) {
    const there = await ask('bob', method, `/api/kernels/${kernel.id}${path}`);
    const nowhere = await ask('bob', method, `/api/kernels/${unknown}${path}`);
    expect(there.status).toBe(404);
    expect(JSON.stringify(there.body).replace(kernel.id, unknown)).toBe(JSON.stringify(nowhere.body));
  }
  expect(await socketOf('bob', `/api/kernels/${kernel.id}/channels`)).toEqual({ status: 404 });
  expect(await socketOf('eve', `/api/kernels/${kernel.id}/channels`)).toEqual({ status: 403 });
  expect((await ask('bob', 'POST', '/api/kernels', { kernel_id: kernel.id })).status).toBe(409);
  expect((await ask('ada', 'POST', `/api/kernels/${kernel.id}/interrupt`)).status).not.toBe(404);
  expect((await ask('root', 'DELETE', `/api/kernels/${kernel.id}`)).status).toBe(204);
});

test('[A71] another’s session is as unknown as none, and its kernel cannot be taken into one’s own', async () => {
  const body = { path: 'a.ipynb', type: 'notebook', kernel: { name: 'python3' } };
  const { body: hers } = await ask('ada', 'POST', '/api/sessions', body);
  const { body: his } = await ask('bob', 'POST', '/api/sessions', body);
  expect(his.kernel.id).not.toBe(hers.kernel.id);
  expect((await ask('bob', 'GET', '/api/sessions')).body.map(({ id }: { id: string }) => id)).toEqual([
    his.id,
  ]);
  for (const method of ['GET', 'PATCH', 'DELETE'] as const)
    expect((await ask('bob', method, `/api/sessions/${hers.id}`, method === 'PATCH' ? { path: 'b' } : undefined)).status).toBe(404); // prettier-ignore
  const taking = { ...body, path: 'b.ipynb', kernel: { id: hers.kernel.id } };
  expect((await ask('bob', 'POST', '/api/sessions', taking)).status).toBe(404);
  expect((await ask('bob', 'PATCH', `/api/sessions/${his.id}`, { kernel: { id: hers.kernel.id } })).status).toBe(400); // prettier-ignore
  expect((await ask('root', 'GET', '/api/sessions')).body).toHaveLength(2);
});

test('[A72] another’s terminal is as unknown as none', async () => {
  const { body: terminal } = await ask('ada', 'POST', '/api/terminals', {});
  expect((await ask('bob', 'GET', '/api/terminals')).body).toEqual([]);
  for (const method of ['GET', 'DELETE'] as const)
    expect((await ask('bob', method, `/api/terminals/${terminal.name}`)).status).toBe(404);
  expect(await socketOf('bob', `/terminals/websocket/${terminal.name}`)).toEqual({ status: 404 });
  expect(await socketOf('eve', `/terminals/websocket/${terminal.name}`)).toEqual({ status: 403 });
  expect((await ask('ada', 'GET', `/api/terminals/${terminal.name}`)).status).toBe(200);
});

test('[A73] events of another’s kernels are not heard, nor believed of who only says them', async () => {
  const heard: Record<string, { kernel_id?: string; msg?: string }[]> = { ada: [], bob: [], root: [] };
  for (const [user, list] of Object.entries(heard)) {
    const opened = await socketOf(user, '/api/events/subscribe');
    if (!('socket' in opened)) throw new Error(`refused: ${opened.status}`);
    opened.socket.on('message', (data) => list.push(JSON.parse((data as Buffer).toString())));
  }
  const { body: kernel } = await ask('ada', 'POST', '/api/kernels', {});
  const forged = {
    schema_id: 'https://events.jupyter.org/jupyter_server/kernel_actions/v1',
    version: '1',
    data: { action: 'shutdown', kernel_id: kernel.id, msg: 'forged' },
  };
  expect((await ask('bob', 'POST', '/api/events', forged)).status).toBe(204);
  const end = { ...forged, data: { action: 'shutdown', kernel_id: 'x', msg: 'end' } };
  // Sockets are in order: when the last has come, all before it have.
  for (const user of ['ada', 'bob', 'root']) await ask(user, 'POST', '/api/events', end);
  const isEnd = ({ msg }: { msg?: string }): boolean => msg === 'end';
  await expect.poll(() => heard['root']?.some(isEnd)).toBe(true);
  await expect.poll(() => heard['bob']?.some(isEnd)).toBe(true);
  await expect.poll(() => heard['ada']?.some(isEnd)).toBe(true);
  const ofKernel = (user: string) => heard[user]!.filter(({ kernel_id: id }) => id === kernel.id);
  expect(ofKernel('bob').map(({ msg }) => msg)).toEqual(['forged']);
  expect(ofKernel('ada').length).toBeGreaterThan(0);
  expect(ofKernel('ada').some(({ msg }) => msg === 'forged')).toBe(false);
  expect(ofKernel('root').length).toBeGreaterThan(ofKernel('ada').length);
});

test('[A74] a claim of another name is refused, but of who is trusted to act for others; then the kernel is theirs', async () => {
  const claim = (KERNEL_USERNAME: string) => ({ env: { KERNEL_USERNAME } });
  const refused = await ask('bob', 'POST', '/api/kernels', claim('ada'));
  expect([refused.status, refused.body.message]).toEqual([403, expect.stringContaining('but this is bob')]);
  expect((await ask('root', 'POST', '/api/kernels', claim('ada'))).status).toBe(403);
  expect((await ask('bob', 'POST', '/api/kernels', claim('bob'))).status).toBe(201);
  expect((await ask('hub', 'POST', '/api/kernels', claim('a\nb'))).status).toBe(400);
  const { body: kernel } = await ask('hub', 'POST', '/api/kernels', claim('ada'));
  const { username, env } = given.registry.require(kernel.id).record;
  expect([username, env['KERNEL_USERNAME']]).toEqual(['ada', 'ada']);
  expect((await ask('ada', 'GET', `/api/kernels/${kernel.id}`)).status).toBe(200);
  // The server's own token is one of many ways in here, so it is not taken for a trusted server.
  const own = await app.inject({
    method: 'POST',
    url: '/api/kernels',
    headers: withToken,
    payload: claim('ada'),
  });
  expect(own.statusCode).toBe(403);
});

test('[A75] a token that is removed, or may do something else, ends its WebSockets; others stay', async () => {
  const [hers, his] = [
    await socketOf('ada', '/api/events/subscribe'),
    await socketOf('bob', '/api/events/subscribe'),
  ];
  if (!('socket' in hers && 'socket' in his)) throw new Error('refused');
  const closed = once(hers.socket, 'close');
  await users.write(
    users.tokens.map((token) => (token.user === 'ada' ? { ...token, scope: 'read' as const } : token)),
  );
  expect((await closed)[0]).toBe(1008);
  expect(his.socket.readyState).toBe(WebSocket.OPEN);
});

test('[U6] who did what, where from, and what was refused and why is audited; no token is', async () => {
  const { body: kernel } = await ask('ada', 'POST', '/api/kernels', {});
  await ask('bob', 'DELETE', `/api/kernels/${kernel.id}?token=${users.textOf('bob')}`);
  await ask('bob', 'POST', '/api/kernels', { env: { KERNEL_USERNAME: 'ada' } });
  await app.inject({ url: '/api/kernels', headers: { authorization: 'token wrong' } });
  await socketOf('bob', `/api/kernels/${kernel.id}/channels?token=${users.textOf('bob')}`);
  await socketOf('ada', '/api/events/subscribe');
  await ask('ada', 'DELETE', `/api/kernels/${kernel.id}`);
  const tokenOf = (user: string) => users.tokens.find((token) => token.user === user)!.id;
  const ada = { user: 'ada', role: 'use', by: 'token', token: tokenOf('ada'), peer: '127.0.0.1' };
  const bob = { ...ada, user: 'bob', token: tokenOf('bob') };
  const path = `/api/kernels/${kernel.id}`;
  const refusal = { event: 'refusal', outcome: 'refused' };
  expect(audited).toEqual([
    {
      event: 'start',
      outcome: 'done',
      ...ada,
      method: 'POST',
      path: '/api/kernels',
      status: 201,
      kernel: kernel.id,
    },
    {
      ...refusal,
      ...bob,
      method: 'DELETE',
      path,
      status: 404,
      kernel: kernel.id,
      why: 'it is the kernel of ada',
    },
    { ...refusal, ...bob, method: 'POST', path: '/api/kernels', status: 403, why: 'says that it is ada' },
    { ...refusal, peer: '127.0.0.1', method: 'GET', path: '/api/kernels', status: 403, why: 'Forbidden' },
    { ...refusal, ...bob, path: `${path}/channels`, status: 404, why: `Kernel does not exist: ${kernel.id}` },
    { event: 'attach', outcome: 'done', ...ada, path: '/api/events/subscribe' },
    { event: 'stop', outcome: 'done', ...ada, method: 'DELETE', path, status: 204, kernel: kernel.id },
  ]);
  expect(JSON.stringify(audited)).not.toContain('perijove_');
});
