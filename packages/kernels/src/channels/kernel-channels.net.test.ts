import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeWire, Signer } from '@perijove/protocol';
import { startFakeKernel, type FakeKernel } from '@perijove/testkit';
import { PubSocket } from '@perijove/zmtp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { KernelChannels } from './kernel-channels.ts';
import { openChannels } from './open-channels.ts';
import { channelOptions, type ChannelOptions } from './options.ts';
import { serverMessage } from './server-message.ts';
import { TestClient } from './test-client.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const defaults = Object.fromEntries(
  Object.entries(channelOptions).map(([name, { schema }]) => [
    name,
    (schema as unknown as { default: unknown }).default,
  ]),
) as unknown as ChannelOptions;

let folder: string;
let ends: (() => unknown)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'perijove-channels-'));
});
afterEach(async () => {
  await Promise.all(ends.map((end) => end()));
  ends = [];
  rmSync(folder, { recursive: true, force: true });
});

function open(settings: Partial<ChannelOptions> = {}): KernelChannels {
  const channels = openChannels({
    kernelId: 'kernel',
    settings: { ...defaults, ...settings },
    journalsFolder: folder,
    log,
    now: Date.now,
  });
  ends.push(() => channels.dispose());
  return channels;
}

async function startKernel(protocolVersion: '5.3' | '5.5' = '5.5'): Promise<FakeKernel> {
  const kernel = await startFakeKernel({ protocolVersion });
  ends.push(() => kernel.close());
  return kernel;
}

async function openConnected(
  settings: Partial<ChannelOptions> = {},
): Promise<{ channels: KernelChannels; kernel: FakeKernel }> {
  const kernel = await startKernel();
  const channels = open(settings);
  channels.connect(kernel.connection);
  await channels.ready(AbortSignal.timeout(10_000));
  return { channels, kernel };
}

const numbers = (count: number): string => Array.from({ length: count }, (_, i) => `${i}\n`).join('');

for (const version of ['5.3', '5.5'] as const) {
  test(`[R1] what is sent before the kernel is up goes out in order when it is, and no output is lost (${version})`, async () => {
    const channels = open();
    const client = new TestClient().attach(channels);
    const first = client.execute('print 20');
    const second = client.execute('echo done');
    const kernel = await startKernel(version);
    channels.connect(kernel.connection);
    await client.finished(first);
    await client.finished(second);
    expect(client.printed(first)).toBe(numbers(20));
    const inputs = client.received.filter(({ message }) => message.header.msg_type === 'execute_input');
    expect(inputs.map(({ message }) => message.content['code'])).toEqual(['print 20', 'echo done']);
  });
}

test("[R2] the handshake's own traffic is not shown to clients", async () => {
  const kernel = await startKernel();
  const channels = open();
  const client = new TestClient().attach(channels);
  channels.connect(kernel.connection);
  await client.finished(client.execute('stream x'));
  expect(new Set(client.types())).toEqual(
    new Set(['perijove_journal', 'status', 'execute_input', 'stream', 'execute_reply']),
  );
  for (const { message } of client.received) {
    expect(message.parent_header.msg_type ?? 'execute_request').toBe('execute_request');
  }
});

test('[R3] a reply goes to the client that asked, what is published to all', async () => {
  const { channels } = await openConnected();
  const [one, two] = [
    new TestClient().attach(channels),
    new TestClient({ framing: 'default' }).attach(channels),
  ];
  const asked = one.execute('stream hello');
  await one.finished(asked);
  await two.message((m) => m.parent_header.msg_id === asked && m.content['execution_state'] === 'idle');
  expect(two.printed(asked)).toBe('hello\n');
  expect(one.types()).toContain('execute_reply');
  expect(two.types()).not.toContain('execute_reply');
});

test('[R4] a reply to a client that went away is kept for it', async () => {
  const { channels } = await openConnected();
  const client = new TestClient().attach(channels);
  const other = new TestClient().attach(channels);
  const asked = client.execute('sleep 100\nprint 5');
  await client.message((m) => m.header.msg_type === 'execute_input');
  client.client.closed(true);
  await other.message((m) => m.parent_header.msg_id === asked && m.content['execution_state'] === 'idle');
  const back = new TestClient({ sessionId: client.sessionId }).attach(channels);
  const reply = await back.finished(asked);
  expect(reply.content['status']).toBe('ok');
  expect(back.printed(asked)).toBe(numbers(5));
  expect(back.types().filter((type) => type === 'execute_input')).toEqual([]);
});

test('[R5] an input() whose asker is gone is asked of a client that comes, whose answer the kernel gets', async () => {
  const { channels } = await openConnected();
  const client = new TestClient().attach(channels);
  const asked = client.execute('input Name?');
  await client.message((m) => m.header.msg_type === 'input_request');
  client.client.closed(true);
  const tab = new TestClient().attach(channels);
  const request = await tab.message((m) => m.header.msg_type === 'input_request');
  expect(request.content['prompt']).toBe('Name?');
  tab.send('stdin', 'input_reply', { value: 'Io', status: 'ok' }, request.header);
  await tab.message((m) => m.parent_header.msg_id === asked && m.content['execution_state'] === 'idle');
  expect(tab.printed(asked)).toBe('Io\n');
  const late = new TestClient().attach(channels);
  expect(late.types()).not.toContain('input_request');
});

test('[R6] control overtakes what waits on shell', async () => {
  const { channels } = await openConnected();
  const client = new TestClient().attach(channels);
  const sleeping = client.execute('sleep 60000');
  await client.message((m) => m.header.msg_type === 'execute_input');
  const interrupt = client.send('control', 'interrupt_request', {});
  await client.finished(interrupt);
  expect((await client.finished(sleeping)).content['status']).toBe('error');
});

test('[R7] more than may wait for a kernel is answered with an error, not kept', async () => {
  const channels = open({ queuedMessages: 2 });
  const client = new TestClient().attach(channels);
  const ids = ['a', 'b', 'c'].map((text) => client.execute(`echo ${text}`));
  const reply = await client.finished(ids[2]!);
  expect(reply.content).toMatchObject({ status: 'error', ename: 'KernelQueueFull' });
  const kernel = await startKernel();
  channels.connect(kernel.connection);
  await client.finished(ids[1]!);
  const inputs = client.received.filter(({ message }) => message.header.msg_type === 'execute_input');
  expect(inputs).toHaveLength(2);
});

test('[R7] the bytes that may wait are bounded, too', async () => {
  const client = new TestClient().attach(open({ queuedBytes: 5000 }));
  client.execute('x'.repeat(4000));
  const refused = client.execute('x'.repeat(4000));
  expect((await client.finished(refused)).content['ename']).toBe('KernelQueueFull');
});

test('[R8] a message that breaks the protocol closes its client with the reason, and no other', async () => {
  const { channels } = await openConnected();
  const other = new TestClient().attach(channels);
  const send = (bytes: Buffer, isBinary: boolean): TestClient => {
    const client = new TestClient().attach(channels);
    client.client.receive(bytes, isBinary);
    return client;
  };
  expect(send(Buffer.from('{}'), false).closedWith?.code).toBe(1003);
  expect(send(Buffer.from('nonsense'), true).closedWith?.code).toBe(1007);
  const published = new TestClient().attach(channels);
  published.send('iopub', 'stream', { name: 'stdout', text: 'forged' });
  expect(published.closedWith).toEqual({ code: 1003, reason: 'clients do not send on iopub' });
  expect(other.closedWith).toBeUndefined();
  await other.finished(other.execute('echo alive'));
});

test('[R9] types that are not allowed are dropped', async () => {
  const { channels } = await openConnected({ allowedMessageTypes: ['kernel_info_request'] });
  const client = new TestClient().attach(channels);
  const executed = client.execute('stream no');
  await client.finished(client.send('shell', 'kernel_info_request', {}));
  expect(client.received.some(({ message }) => message.parent_header.msg_id === executed)).toBe(false);
});

test('[R10] a restart: clients stay, are told, and what they send then reaches the new kernel', async () => {
  const { channels, kernel } = await openConnected();
  const client = new TestClient().attach(channels);
  await client.finished(client.execute('echo one'));
  channels.announce('restarting');
  channels.disconnect();
  await kernel.close();
  const asked = client.execute('stream two');
  const next = await startKernel();
  channels.connect(next.connection);
  await client.finished(asked);
  expect(client.printed(asked)).toBe('two\n');
  const states = client.received.map(({ message }) => message.content['execution_state']).filter(Boolean);
  expect(states).toContain('restarting');
  expect(client.closedWith).toBeUndefined();
});

test('[R11] activity: executing counts, housekeeping does not; the state is that of what counts', async () => {
  const { channels } = await openConnected();
  const client = new TestClient().attach(channels);
  expect(channels.activity).toMatchObject({ executionState: 'idle', connections: 1 });
  const before = channels.activity.lastActivity;
  await client.finished(client.send('shell', 'kernel_info_request', {}));
  expect(channels.activity.lastActivity).toBe(before);
  const asked = client.execute('sleep 50');
  await client.message((m) => m.parent_header.msg_id === asked && m.content['execution_state'] === 'busy');
  expect(channels.activity.executionState).toBe('busy');
  await client.finished(asked);
  expect(channels.activity.executionState).toBe('idle');
  expect(channels.activity.lastActivity).toBeGreaterThan(before);
  client.client.closed(true);
  expect(channels.activity.connections).toBe(0);
});

test("[R12] the server's own requests: answered, or rejected when aborted, disconnected or dead", async () => {
  const { channels } = await openConnected();
  const reply = await channels.request(
    'control',
    'interrupt_request',
    {},
    { signal: AbortSignal.timeout(5000) },
  );
  expect(reply.content['status']).toBe('ok');
  await expect(
    channels.request('shell', 'kernel_info_request', {}, { signal: AbortSignal.abort() }),
  ).rejects.toMatchObject({ code: 'KERNEL_NO_REPLY' });
  const cut = channels.request(
    'shell',
    'execute_request',
    { code: 'sleep 60000' },
    { signal: AbortSignal.timeout(9000) },
  );
  channels.disconnect();
  await expect(cut).rejects.toMatchObject({ code: 'KERNEL_NO_REPLY' });
  await expect(
    channels.request('shell', 'kernel_info_request', {}, { signal: AbortSignal.timeout(1) }),
  ).rejects.toMatchObject({ code: 'KERNEL_DEAD' });
  await expect(channels.ready(AbortSignal.timeout(1))).rejects.toMatchObject({ code: 'KERNEL_NO_REPLY' });
});

test('[R13] a client that comes back with its session gets what it lacks, from where its socket dropped', async () => {
  const { channels, kernel } = await openConnected();
  const client = new TestClient().attach(channels);
  for (let i = 0; i < 10; i++) kernel.publish('stream', { name: 'stdout', text: `${i}\n` });
  await client.until(() => client.printed() === numbers(10));
  client.client.closed(true);
  for (let i = 10; i < 30; i++) kernel.publish('stream', { name: 'stdout', text: `${i}\n` });
  const witness = new TestClient().attach(channels);
  await witness.finished(witness.execute('echo x'));
  const back = new TestClient({ sessionId: client.sessionId }).attach(channels);
  await back.until(() => back.printed().length > 0);
  expect(client.printed() + back.printed()).toBe(numbers(30));
});

test('[R13] of a socket that broke only what the client has confirmed counts as seen', async () => {
  const { channels, kernel } = await openConnected();
  const client = new TestClient().attach(channels);
  kernel.publish('stream', { name: 'stdout', text: '0\n' });
  await client.until(() => client.pings.length > 0 && client.printed() === '0\n');
  client.pong();
  client.isStuck = true;
  kernel.publish('stream', { name: 'stdout', text: '1\n' });
  await client.until(() => client.bufferedBytes > 0);
  client.client.closed(false);
  const back = new TestClient({ sessionId: client.sessionId }).attach(channels);
  await back.until(() => back.printed() === '1\n');
});

test('[R14] any client resumes after any number', async () => {
  const { channels, kernel } = await openConnected({ journalMemoryBytes: 2000 });
  const client = new TestClient().attach(channels);
  for (let i = 0; i < 50; i++)
    kernel.publish('display_data', { data: { 'text/plain': String(i) }, metadata: {} });
  await client.until(() => client.types().filter((type) => type === 'display_data').length === 50);
  const [first] = client.received.filter(({ message }) => message.header.msg_type === 'display_data');
  const later = new TestClient().attach(channels, first!.number! + 9);
  await later.until(() => later.types().filter((type) => type === 'display_data').length === 40);
  expect(later.received[0]!.message.content).toMatchObject({ oldest: 1 });
  const shown = later.received.filter(({ message }) => message.header.msg_type === 'display_data');
  expect(shown.map(({ number }) => number)).toEqual(
    Array.from({ length: 40 }, (_, i) => first!.number! + 10 + i),
  );
  expect(new TestClient().attach(channels, 10 ** 12).received).toHaveLength(1);
});

test('[R15] the same session twice: the first connection is closed, nothing is lost or said twice', async () => {
  const { channels, kernel } = await openConnected();
  const client = new TestClient().attach(channels);
  kernel.publish('stream', { name: 'stdout', text: '0\n' });
  await client.until(() => client.printed() === '0\n');
  client.pong();
  const again = new TestClient({ sessionId: client.sessionId }).attach(channels);
  expect(client.closedWith?.code).toBe(1000);
  expect(channels.activity.connections).toBe(1);
  client.client.closed(true);
  kernel.publish('stream', { name: 'stdout', text: '1\n' });
  await again.until(() => again.printed() === '1\n');
  expect(channels.activity.connections).toBe(1);
});

test('[R16] a client that does not read gets all of it later, streams joined, while others are not held up', async () => {
  const { channels } = await openConnected({ clientBufferBytes: 65_536, journalMemoryBytes: 65_536 });
  const slow = new TestClient().attach(channels);
  const quick = new TestClient().attach(channels);
  slow.isStuck = true;
  const asked = quick.execute('fast 20000');
  await quick.finished(asked);
  expect(quick.printed(asked)).toBe(numbers(20_000));
  expect(slow.bufferedBytes).toBeLessThan(2 * 65_536 + 65_536);
  expect(slow.client.isLive).toBe(false);
  slow.unstick();
  await slow.message((m) => m.parent_header.msg_id === asked && m.content['execution_state'] === 'idle');
  expect(slow.printed(asked)).toBe(numbers(20_000));
  expect(slow.types().length).toBeLessThan(2000);
  expect(slow.client.isLive).toBe(true);
});

test('[R17] what the journal could not hold is told: how much, in the cell where it is missing', async () => {
  const { channels } = await openConnected({
    clientBufferBytes: 65_536,
    journalMemoryBytes: 65_536,
    journalFileBytes: 0,
  });
  const slow = new TestClient().attach(channels);
  const quick = new TestClient().attach(channels);
  slow.isStuck = true;
  const asked = quick.execute('fast 5000');
  await quick.finished(asked);
  slow.unstick();
  await slow.message((m) => m.parent_header.msg_id === asked && m.content['execution_state'] === 'idle');
  const notice = slow.received.find(({ message }) => message.content['lost'] !== undefined)!;
  const lost = notice.message.content['lost'] as {
    from: number;
    to: number;
    messages: number;
    reason: string;
  };
  expect(lost.reason).toBe('bound');
  expect(lost.messages).toBe(lost.to - lost.from + 1);
  const lines = slow.printed(asked).split('\n').length - 1;
  // Of the 5,000 lines and five other messages of the request, each was sent or is counted.
  expect(lines + lost.messages).toBeGreaterThanOrEqual(5000);
  expect(lines + lost.messages).toBeLessThanOrEqual(5005);
  const told = slow.received.find(({ message }) => message.content['name'] === 'stderr')!;
  expect(told.message.content['text']).toContain(`${lost.messages} messages`);
  expect(told.message.parent_header.msg_id).toBe(asked);
});

test('[R18] a server that was killed: its successor has what was received, numbers on, and says the gap', async () => {
  const kernel = await startKernel();
  const killed = open();
  killed.connect(kernel.connection);
  await killed.ready(AbortSignal.timeout(10_000));
  const client = new TestClient().attach(killed);
  await client.finished(client.execute('print 10'));
  const last = client.received.at(-1)!.number!;
  // So that what clients have seen is written down.
  const written = join(folder, 'kernel', 'sessions.json');
  await client.until(() => existsSync(written) && readFileSync(written, 'utf8').includes(client.sessionId));
  // As SIGKILL leaves it: nothing is closed, nothing is written any more.
  killed.disconnect();
  kernel.publish('stream', { name: 'stdout', text: 'nobody hears this\n' });

  const successor = open();
  const back = new TestClient({ sessionId: client.sessionId }).attach(successor);
  successor.connect(kernel.connection);
  await successor.ready(AbortSignal.timeout(10_000));
  const asked = back.execute('stream after');
  await back.finished(asked);
  expect(back.printed()).toBe('after\n');
  const gap = back.received.find(({ message }) => message.content['lost'] !== undefined)!;
  expect(gap.number).toBe(last + 1);
  expect(gap.message.content['lost']).toMatchObject({
    messages: null,
    reason: 'serverAway',
    since: expect.any(String),
  });
  const all = new TestClient().attach(successor, 0);
  await all.until(() => all.printed() === `${numbers(10)}after\n`);
});

test('[R19] messages that are not signed with our key, or are none, are dropped', async () => {
  const kernel = await startKernel();
  const hostile = new PubSocket();
  ends.push(() => hostile.close(0));
  const endpoint = await hostile.bind('tcp://127.0.0.1:0');
  const channels = open();
  const client = new TestClient().attach(channels);
  channels.connect({ ...kernel.connection, iopub_port: Number(endpoint.split(':').at(-1)) });
  const stream = (text: string) =>
    serverMessage({ channel: 'iopub', msgType: 'stream', content: { name: 'stdout', text }, session: 's' });
  const publishing = setInterval(() => {
    hostile.send(encodeWire(stream('forged'), new Signer('another key')));
    hostile.send([Buffer.from('<IDS|MSG>')]);
    hostile.send(encodeWire(stream('real'), new Signer(kernel.connection.key)));
  }, 10);
  ends.push(() => clearInterval(publishing));
  await client.until(() => client.printed().startsWith('realreal'));
  expect(client.printed()).not.toContain('forged');
});

test('[R20] clients are closed with a code and a reason when their kernel is', async () => {
  const { channels } = await openConnected();
  const client = new TestClient().attach(channels);
  channels.closeClients(1012, 'service restart');
  expect(client.closedWith).toEqual({ code: 1012, reason: 'service restart' });
  expect(channels.activity.connections).toBe(0);
});

test('[R22] among many clients each gets all of it, in order, and who asked is not kept waiting', async () => {
  const { channels } = await openConnected();
  const clients = Array.from({ length: 60 }, (_, i) =>
    new TestClient({ framing: i % 2 ? 'v1' : 'default' }).attach(channels),
  );
  const asker = clients.at(-1)!;
  const asked = asker.execute('print 200\nsleep 10\nprint 100');
  await asker.finished(asked);
  for (const client of clients) {
    // oxlint-disable-next-line no-await-in-loop
    await client.message((m) => m.parent_header.msg_id === asked && m.content['execution_state'] === 'idle');
    expect(client.printed(asked)).toBe(numbers(200) + numbers(100));
  }
  const late = new TestClient().attach(channels);
  const again = late.execute('print 3');
  await late.finished(again);
  expect(late.printed()).toBe(numbers(3));
});

test('[R23] who is new while the kernel is starting or busy is told so, who returns is not', async () => {
  const channels = open();
  const early = new TestClient().attach(channels);
  const states = (client: TestClient): unknown[] =>
    client.received.flatMap(({ message }) => message.content['execution_state'] ?? []);
  expect(states(early)).toEqual(['starting']);
  const kernel = await startKernel();
  channels.connect(kernel.connection);
  const asked = early.execute('input Go on?');
  const question = await early.message((m) => m.header.msg_type === 'input_request');
  const late = new TestClient().attach(channels);
  expect(states(late)).toEqual(['busy']);
  early.client.closed(true);
  const back = new TestClient({ sessionId: early.sessionId }).attach(channels);
  back.send('stdin', 'input_reply', { value: 'yes', status: 'ok' }, question.header);
  await back.message((m) => m.parent_header.msg_id === asked && m.content['execution_state'] === 'idle');
  expect(states(back)).not.toContain('busy');
  await late.message((m) => m.content['execution_state'] === 'idle');
  expect(states(new TestClient().attach(channels))).toEqual([]);
});
