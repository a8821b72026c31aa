// Our notebook server whose kernels live at a gateway; both are processes, and each of them may be killed.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { KernelModel, Message } from '@perijove/protocol';
import {
  fakeKernelspec,
  installKernelspec,
  makeFolders,
  removeFolders,
  startPerijove,
  TestWebSocket,
  type PerijoveFolders,
  type PerijoveProcess,
} from '@perijove/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';

let ofGateway: PerijoveFolders;
let ofLab: PerijoveFolders;
const running: PerijoveProcess[] = [];
const token = randomUUID();

beforeEach(async () => {
  ofGateway = await makeFolders();
  ofLab = await makeFolders();
  await installKernelspec(join(ofGateway.base, 'jupyter', 'kernels'), 'fake', fakeKernelspec());
});

afterEach(async () => {
  for (const server of running.splice(0).toReversed()) await server[Symbol.asyncDispose]();
  await removeFolders(ofLab);
  await removeFolders(ofGateway);
});

async function startGateway(port = 0, ...more: string[]): Promise<PerijoveProcess> {
  const server = await startPerijove({
    command: 'gateway',
    folders: ofGateway,
    args: ['--port', String(port), '--restart-limit', '0', ...more],
    env: { JUPYTER_PATH: join(ofGateway.base, 'jupyter'), PERIJOVE_TOKEN: token },
  });
  running.push(server);
  return server;
}

async function startLab(gateway: string, args: readonly string[] = []): Promise<PerijoveProcess> {
  const server = await startPerijove({
    folders: ofLab,
    args: ['--gateway-url', gateway, '--gateway-poll-s', '0.5', ...args],
    env: { PERIJOVE_GATEWAY_TOKEN: token },
  });
  running.push(server);
  return server;
}

async function startKernel(server: PerijoveProcess): Promise<string> {
  const answer = await server.fetch('api/kernels', {
    method: 'POST',
    body: JSON.stringify({ name: 'fake' }),
  });
  expect(answer.status).toBe(201);
  return ((await answer.json()) as KernelModel).id;
}

async function connect(
  server: PerijoveProcess,
  id: string,
  more: { session?: string; after?: number } = {},
): Promise<TestWebSocket> {
  const address = `${server.url.replace(/^http/, 'ws')}api/kernels/${id}/channels?token=${server.token}`;
  return new TestWebSocket(address, { framing: 'numbered', ...more }).opened();
}

async function modelOf(server: PerijoveProcess, id: string): Promise<KernelModel | undefined> {
  const answer = await server.fetch(`api/kernels/${id}`);
  return answer.status === 200 ? ((await answer.json()) as KernelModel) : undefined;
}

async function eventually<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await delay(50);
  }
  throw new Error(`never: ${what}`);
}

function lines(count: number): string {
  return Array.from({ length: count }, (_, index) => `${index}\n`).join('');
}

test('[Y1] a kernel started here runs at the gateway under the same id, and ends there with it', async () => {
  const gateway = await startGateway();
  const lab = await startLab(gateway.url);
  const specs = (await (await lab.fetch('api/kernelspecs')).json()) as { kernelspecs: object };
  expect(Object.keys(specs.kernelspecs)).toContain('fake');
  const id = await startKernel(lab);
  const client = await connect(lab, id);
  const asked = client.execute('stream hello');
  await client.finished(asked);
  expect(client.printed(asked)).toBe('hello\n');
  expect(await modelOf(gateway, id)).toMatchObject({ id, name: 'fake' });
  expect((await lab.fetch(`api/kernels/${id}`, { method: 'DELETE' })).status).toBe(204);
  expect(await modelOf(gateway, id)).toBeUndefined();
});

test('[Y2] interrupt and restart are done by the gateway; clients stay', async () => {
  const gateway = await startGateway();
  const lab = await startLab(gateway.url);
  const id = await startKernel(lab);
  const client = await connect(lab, id);
  const asked = client.execute('sleep 60000');
  await client.message((m) => m.header.msg_type === 'execute_input');
  expect((await lab.fetch(`api/kernels/${id}/interrupt`, { method: 'POST' })).status).toBe(204);
  expect((await client.finished(asked)).content).toMatchObject({ status: 'error' });
  const before = await modelOf(gateway, id);
  expect((await lab.fetch(`api/kernels/${id}/restart`, { method: 'POST' })).status).toBe(200);
  expect(before).toBeDefined();
  const again = client.execute('stream anew');
  await client.finished(again);
  expect(client.printed(again)).toBe('anew\n');
});

test('[Y16] why a start waits at the gateway is told here, and that it goes on', async () => {
  const gateway = await startGateway(0, '--max-kernels', '1');
  const lab = await startLab(gateway.url);
  const first = await startKernel(lab);
  const client = await connect(lab, first);
  await client.finished(client.execute('stream 1'));
  const events = new WebSocket(`${lab.url.replace(/^http/, 'ws')}api/events/subscribe?token=${lab.token}`);
  const told: string[] = [];
  events.on('message', (data: Buffer) => {
    const event = JSON.parse(data.toString()) as { schema_id: string; kernel_id: string; message: string };
    if (event.schema_id.includes('/kernel_phase/') && event.kernel_id !== first) told.push(event.message);
  });
  await once(events, 'open');
  const second = await startKernel(lab);
  const waits = /The only one in the queue: the one kernel that may run at a time is there/;
  await eventually('it is told that it waits', async () => told.some((message) => waits.test(message)));
  const overview = (await (await lab.fetch('perijove/api/overview')).json()) as {
    kernels: { id: string; sentence: string }[];
  };
  expect(overview.kernels.find(({ id }) => id === second)?.sentence).toBe(told.at(-1));
  expect((await lab.fetch(`api/kernels/${first}`, { method: 'DELETE' })).status).toBe(204);
  const next = await connect(lab, second);
  await next.finished(next.execute('stream 2'));
  events.terminate();
});

test('[Y3] nothing of twenty thousand lines is lost on two hops, nor comes twice', async () => {
  const gateway = await startGateway();
  const lab = await startLab(gateway.url);
  const client = await connect(lab, await startKernel(lab));
  const asked = client.execute('print 20000');
  await client.finished(asked, 60_000);
  expect(client.printed(asked) === lines(20_000)).toBe(true);
});

test('[Y4] a gateway that is killed takes no kernel with it, and nothing that it had heard is lost', async () => {
  const gateway = await startGateway();
  const { port } = new URL(gateway.url);
  const lab = await startLab(gateway.url);
  const id = await startKernel(lab);
  const client = await connect(lab, id);
  await client.finished(client.execute('stream before'));
  await gateway.end('SIGKILL');
  const interrupted = await lab.fetch(`api/kernels/${id}/interrupt`, { method: 'POST' });
  expect(interrupted.status).toBe(504);
  // What is sent meanwhile waits here.
  const asked = client.execute('print 1000');
  await eventually('the lab says that the gateway is away', async () =>
    lab.output().includes('cannot be reached'),
  );
  expect(await modelOf(lab, id)).toMatchObject({ id });
  expect((await modelOf(lab, id))?.execution_state).not.toBe('dead');
  await startGateway(Number(port));
  await client.finished(asked, 30_000);
  expect(client.printed(asked)).toBe(lines(1000));
});

test('[Y5] a server that is killed while a kernel prints finds all of it at the gateway, once', async () => {
  const gateway = await startGateway();
  const lab = await startLab(gateway.url);
  const id = await startKernel(lab);
  const client = await connect(lab, id);
  const asked = client.execute('print 20000\nsleep 300\nprint 20000');
  await client.message((m) => m.header.msg_type === 'stream');
  const closed = once(client.websocket, 'close');
  await lab.end('SIGKILL');
  await closed;
  const last = client.numbers.at(-1)!;
  const next = await startLab(gateway.url);
  const again = await connect(next, id, { session: client.session, after: last });
  await again.finished(asked, 30_000);
  const all = client.printed(asked) + again.printed(asked);
  expect(all.length).toBe(2 * lines(20_000).length);
  expect(all === lines(20_000) + lines(20_000)).toBe(true);
});

test('[Y6] how a kernel died at the gateway is told here as it was, and it is not started again by this server', async () => {
  const gateway = await startGateway();
  const lab = await startLab(gateway.url);
  const id = await startKernel(lab);
  const client = await connect(lab, id);
  client.execute('log oh no\ncrash SIGSEGV');
  const dead = await eventually('it is dead', async () => {
    const model = await modelOf(lab, id);
    return model?.execution_state === 'dead' && model;
  });
  expect(dead.reason).toMatch(/SIGSEGV/);
  expect(dead.traceback).toMatch(/oh no/);
  expect((await lab.fetch(`api/kernels/${id}/restart`, { method: 'POST' })).status).toBe(200);
  const revived = await connect(lab, id);
  const asked = revived.execute('stream back');
  await revived.finished(asked);
  expect(revived.printed(asked)).toBe('back\n');
});

test('[Y7] a kernel that somebody ended at the gateway is dead here, with that reason', async () => {
  const gateway = await startGateway();
  const lab = await startLab(gateway.url);
  const id = await startKernel(lab);
  const client = await connect(lab, id);
  await client.finished(client.execute('stream x'));
  await gateway.fetch(`api/kernels/${id}`, { method: 'DELETE' });
  const dead = await eventually('it is dead', async () => {
    const model = await modelOf(lab, id);
    return model?.execution_state === 'dead' && model;
  });
  expect(dead.reason).toMatch(/shut down/);
});

test('[Y8] a server that starts while the gateway is away has its kernels again when it comes', async () => {
  const gateway = await startGateway();
  const { port } = new URL(gateway.url);
  const lab = await startLab(gateway.url);
  const id = await startKernel(lab);
  const first = await connect(lab, id);
  await first.finished(first.execute('stream x'));
  await lab.end('SIGTERM');
  await gateway.end('SIGKILL');
  const next = await startLab(gateway.url);
  expect((await next.fetch('api/kernelspecs')).status).toBe(503);
  expect(await modelOf(next, id)).toMatchObject({ id });
  await startGateway(Number(port));
  const client = await connect(next, id);
  const asked = client.execute('stream again');
  await client.finished(asked);
  expect(client.printed(asked)).toBe('again\n');
});

test('[Y14] binary buffers of comms come through both hops as they are, from and to the kernel', async () => {
  const gateway = await startGateway();
  const lab = await startLab(gateway.url);
  const id = await startKernel(lab);
  const client = await connect(lab, id);
  const buffers = [Buffer.from([0, 1, 254, 255]), Buffer.alloc(0), everyByte(3_000_000)];
  // The fake kernel sends back what came.
  const opened = client.request('shell', 'comm_open', { comm_id: 'c', target_name: 't', data: {} }, buffers);
  const echo = await client.message(isEcho(opened));
  expect(same(echo.buffers, buffers)).toBe(true);

  const last = client.numbers.at(-1)!;
  const away = await connect(lab, id);
  await client.close();
  const sent = away.request('shell', 'comm_msg', { comm_id: 'c', data: { a: 1 } }, buffers);
  await away.message(isEcho(sent));
  const back = await connect(lab, id, { session: client.session, after: last });
  const missed = await back.message(isEcho(sent));
  expect(missed.content['data']).toEqual({ a: 1 });
  expect(same(missed.buffers, buffers)).toBe(true);
});

function everyByte(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, index) => index % 256));
}

function isEcho(request: string): (message: Message) => boolean {
  return ({ header, parent_header }) => header.msg_type === 'comm_msg' && parent_header.msg_id === request;
}

function same(some: readonly Uint8Array[], others: readonly Uint8Array[]): boolean {
  return (
    some.length === others.length && some.every((one, index) => Buffer.compare(one, others[index]!) === 0)
  );
}

test('[Y15] a secret for the gateway that came by a flag is warned of, and not repeated', async () => {
  const gateway = await startGateway();
  const lab = await startLab(gateway.url, ['--gateway-token', token]);
  const warned = /--gateway-token shows in process lists.*--gateway-token-file/;
  await eventually('it is warned of', async () => warned.test(lab.output()));
  expect(lab.output()).not.toContain(token);
});
