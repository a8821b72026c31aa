import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import type { ConnectionInfo, Message } from '@perijove/protocol';
import { afterEach, expect, test } from 'vitest';
import { DirectClient } from '../direct-client.ts';
import { fakeKernelspec } from '../fake-kernelspec.ts';
import { startFakeKernel, type FakeKernelOptions } from './fake-kernel.ts';

const endings: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end();
});

async function started(options: FakeKernelOptions = {}) {
  const kernel = await startFakeKernel(options);
  endings.push(() => kernel.close());
  const client = new DirectClient(kernel.connection);
  endings.push(() => client.close());
  return { kernel, client };
}

const typesOf = (messages: readonly Message[]) => messages.map(({ header }) => header.msg_type);

test('[F1] it answers kernel_info, busy before and idle after', async () => {
  const { client } = await started();
  const info = await client.ready();
  expect(info.content).toMatchObject({ status: 'ok', protocol_version: '5.5' });
  const { reply, published } = await client.execute('stream hello');
  expect(reply.content).toMatchObject({ status: 'ok', execution_count: 1 });
  expect(typesOf(published)).toEqual(['status', 'execute_input', 'stream', 'status']);
  expect(published[0]?.content).toEqual({ execution_state: 'busy' });
});

test.each([
  ['5.5', true],
  ['5.3', false],
] as const)(
  '[F2] with protocol %s, that it welcomes a subscriber is %s',
  async (protocolVersion, welcomes) => {
    const { client } = await started({ protocolVersion });
    const seen: string[] = [];
    client.onPublished = ({ header }) => seen.push(header.msg_type);
    await client.ready();
    await client.execute('stream x');
    expect(seen.includes('iopub_welcome')).toBe(welcomes);
  },
);

test('[F3] every command does what it says', async () => {
  const { client } = await started();
  await client.ready();
  expect((await client.execute('print 3')).text).toBe('0\n1\n2\n');
  expect((await client.execute('input who?', { onInput: (prompt) => `${prompt} me` })).text).toBe(
    'who? me\n',
  );
  const shown = await client.execute('display 5\necho hi');
  expect(shown.published.map(({ content }) => content['data'])).toEqual(
    expect.arrayContaining([{ 'text/plain': 'xxxxx' }, { 'text/plain': 'hi' }]),
  );
  expect((await client.execute('raise no')).reply.content).toMatchObject({ status: 'error', evalue: 'no' });
  expect((await client.execute('nonsense')).reply.content).toMatchObject({
    status: 'error',
    ename: 'SyntaxError',
  });
});

test('[F4] an interrupt ends what runs, and what was queued behind is aborted', async () => {
  const { kernel, client } = await started();
  await client.ready();
  const created = await client.request('create_subshell_request', {}, { channel: 'control' });
  const sleeping = client.execute('sleep 60000');
  const queued = client.execute('stream never');
  // On the same socket: when this one has been answered, the two before it have arrived.
  await client.execute('stream beside', { subshellId: String(created.content['subshell_id']) });
  kernel.interrupt();
  expect((await sleeping).reply.content).toMatchObject({ ename: 'KeyboardInterrupt' });
  expect((await queued).reply.content['status']).toBe('aborted');
});

test('[F5] comm messages come back with their buffers', async () => {
  const { client } = await started();
  await client.ready();
  const echoed = new Promise<Message>((resolve) => {
    client.onPublished = (message) => {
      if (message.header.msg_type === 'comm_msg') resolve(message);
    };
  });
  const buffers = [Buffer.from([0, 1, 255]), Buffer.alloc(100_000, 7)];
  client.send(randomUUID(), 'comm_open', { comm_id: 'c', target_name: 't', data: { a: 1 } }, { buffers });
  const { content, buffers: back } = await echoed;
  expect(content).toEqual({ comm_id: 'c', data: { a: 1 } });
  expect(Buffer.concat([...back]).equals(Buffer.concat(buffers))).toBe(true);
});

test('[F6] code in a subshell runs while the main shell sleeps', async () => {
  const { client, kernel } = await started();
  await client.ready();
  const created = await client.request('create_subshell_request', {}, { channel: 'control' });
  const subshellId = String(created.content['subshell_id']);
  const sleeping = client.execute('sleep 60000');
  expect((await client.execute('stream beside', { subshellId })).text).toBe('beside\n');
  kernel.interrupt();
  await sleeping;
});

test('[F7] fast loses nothing', async () => {
  const { client } = await started();
  await client.ready();
  const { text } = await client.execute('fast 5000');
  expect(text).toBe(Array.from({ length: 5000 }, (_, index) => `${index}\n`).join(''));
});

test.each([
  ['exit 7', { code: 7, signal: null }],
  ['crash SIGKILL', { code: null, signal: 'SIGKILL' }],
])('[F8] as a process, `%s` ends it so', async (code, expected) => {
  const folder = await mkdtemp(join(tmpdir(), 'perijove-fake-'));
  endings.push(() => rm(folder, { recursive: true }));
  const file = join(folder, 'c.json');
  const connection: ConnectionInfo = {
    transport: 'ipc',
    ip: join(folder, 'k'),
    shell_port: 1,
    iopub_port: 2,
    stdin_port: 3,
    control_port: 4,
    hb_port: 5,
    key: 'secret',
    signature_scheme: 'hmac-sha256',
  };
  await writeFile(file, JSON.stringify(connection));
  const [program = '', ...args] = fakeKernelspec().argv;
  const child = spawn(
    program,
    args.map((argument) => argument.replace('{connection_file}', file)),
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  const exit = once(child, 'exit');
  const client = new DirectClient(connection);
  endings.push(() => client.close());
  await client.ready();
  client.send(randomUUID(), 'execute_request', { code, silent: false });
  const [exitCode, signal] = await exit;
  expect({ code: exitCode, signal }).toEqual(expected);
});
