// A server that has one kernel and its WebSocket, for tests.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { channelOptions, openChannels, type ChannelOptions, type KernelChannels } from '@perijove/kernels';
import type { ConnectionInfo } from '@perijove/protocol';
import { withDefaults } from '../http/option-values.ts';
import { createTestApp, testToken } from '../http/test-app.ts';
import { TestWebSocket, type TestWebSocketOptions } from '@perijove/testkit';
import { kernelWebSocket } from './websocket.ts';

const testKernelId = '11111111-2222-3333-4444-555555555555';
const silent = { debug() {}, info() {}, warn() {}, error() {} };

export interface TestChannels extends AsyncDisposable {
  readonly channels: KernelChannels;
  readonly url: string;
  client(options: TestWebSocketOptions): Promise<TestWebSocket>;
}

export interface TestChannelsOptions {
  readonly settings?: Partial<ChannelOptions>;
  /** Absent: one that is removed afterwards. */
  readonly journalsFolder?: string;
}

export async function startTestChannels(options: TestChannelsOptions = {}): Promise<TestChannels> {
  const settings = { ...withDefaults(channelOptions, {}), ...options.settings };
  const journalsFolder = options.journalsFolder ?? (await mkdtemp(join(tmpdir(), 'perijove-journals-')));
  const channels = openChannels({
    kernelId: testKernelId,
    settings,
    log: silent,
    now: Date.now,
    journalsFolder,
  });
  const kernel = { record: { username: 'ada' }, isAlive: true, death: undefined, channels };
  const app = await createTestApp([
    kernelWebSocket({
      kernels: { get: (id) => (id === testKernelId ? kernel : undefined) },
      maxClientMessageBytes: settings.maxClientMessageBytes,
    }),
  ]);
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  const url = `${address.replace('http', 'ws')}/api/kernels/${testKernelId}/channels?token=${testToken}`;
  const clients: TestWebSocket[] = [];
  return {
    channels,
    url,
    async client(clientOptions) {
      const client = new TestWebSocket(url, clientOptions);
      clients.push(client);
      return client.opened();
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.websocket.terminate();
      await channels.dispose();
      await app.close();
      if (options.journalsFolder === undefined) await rm(journalsFolder, { recursive: true, force: true });
    },
  };
}

export interface Ipykernel extends AsyncDisposable {
  readonly connection: ConnectionInfo;
  readonly process: ChildProcess;
}

/** Starts a real kernel; it chooses its ports itself and writes them into the connection file. */
export async function startIpykernel(python: string): Promise<Ipykernel> {
  const folder = await mkdtemp(join(tmpdir(), 'perijove-ipykernel-'));
  const file = join(folder, 'kernel.json');
  const asked: ConnectionInfo = {
    transport: 'tcp',
    ip: '127.0.0.1',
    shell_port: 0,
    iopub_port: 0,
    stdin_port: 0,
    control_port: 0,
    hb_port: 0,
    key: 'key of the tests',
    signature_scheme: 'hmac-sha256',
  };
  await writeFile(file, JSON.stringify(asked));
  const process = spawn(python, ['-m', 'ipykernel_launcher', '-f', file], { cwd: folder, stdio: 'ignore' });
  const exited = once(process, 'exit');
  const dispose = async (): Promise<void> => {
    process.kill('SIGKILL');
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  const deadline = performance.now() + 30_000;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop
    const connection = parseWritten(await readFile(file, 'utf8')) ?? asked;
    if (connection.shell_port > 0 && connection.iopub_port > 0 && connection.control_port > 0) {
      return { connection, process, [Symbol.asyncDispose]: dispose };
    }
    if (process.exitCode !== null || performance.now() > deadline) {
      // oxlint-disable-next-line no-await-in-loop
      await dispose();
      throw new Error('ipykernel did not start');
    }
    // oxlint-disable-next-line no-await-in-loop
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Undefined while it is only half there. */
function parseWritten(text: string): ConnectionInfo | undefined {
  try {
    return JSON.parse(text) as ConnectionInfo;
  } catch {
    return undefined;
  }
}
