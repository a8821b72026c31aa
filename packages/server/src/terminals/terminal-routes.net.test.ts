import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { withDefaults } from '../http/option-values.ts';
import { createTestApp, testToken, withToken } from '../http/test-app.ts';
import { terminalOptions, type TerminalOptions } from './options.ts';
import { terminalRoutes } from './terminal-routes.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

test('[T1] a terminal runs a real shell with its size, type and Jupyter variables', async () => {
  const { app, url, root } = await server();
  const created = await app.inject({ method: 'POST', url: '/api/terminals', headers: withToken });
  expect(created.statusCode).toBe(200);
  expect(created.json()).toEqual({ name: '1', last_activity: expect.stringMatching(/^\d{4}-.*\.\d+Z$/) });

  const client = await connect(url, '1');
  expect(client.frames[0]).toEqual(['setup', {}]);
  client.send(['set_size', 31, 97, 600, 800]);
  client.send(['stdin', 'echo "[$TERM|$JUPYTER_SERVER_ROOT|$JUPYTER_SERVER_URL|$(stty size)]"\r']);
  await client.sees(`[xterm-256color|${root}|http://test/|31 97]`);
});

test('[T2] whoever opens a terminal again sees its last output, within the bound', async () => {
  const { app, url } = await server({ terminalReplayBytes: 2000 });
  await app.inject({ method: 'POST', url: '/api/terminals', headers: withToken, payload: { name: 'one' } });
  const first = await connect(url, 'one');
  first.send(['stdin', 'for i in $(seq 1000); do echo line-$i; done; echo done-$((40+2))\r']);
  await first.sees('done-42');
  await first.close();

  const second = await connect(url, 'one');
  await second.sees('done-42');
  expect(second.frames[1]?.[0]).toBe('stdout');
  expect(second.text.length).toBeLessThanOrEqual(2000);
  expect(second.text).not.toContain('line-1\r');
});

test('[T3] a terminal is as small as its smallest client, and grows when that leaves', async () => {
  const { app, url } = await server();
  await app.inject({ method: 'POST', url: '/api/terminals', headers: withToken });
  const large = await connect(url, '1');
  large.send(['set_size', 50, 120]);
  const small = await connect(url, '1');
  small.send(['set_size', 30, 200]);
  await sizeIs(large, '30 120');
  small.send(['set_size', 0, 0]);
  await sizeIs(large, '50 120');
  small.send(['set_size', 10, 20]);
  await sizeIs(large, '10 20');
  await small.close();
  await sizeIs(large, '50 120');
  large.send(['set_size', 1e9, 1e9]);
  await sizeIs(large, '1000 2000');
});

test('[T4] DELETE ends a shell that ignores every polite signal, and says goodbye to its clients', async () => {
  const { app, url } = await server();
  await app.inject({ method: 'POST', url: '/api/terminals', headers: withToken });
  const client = await connect(url, '1');
  client.send(['stdin', "trap '' HUP INT TERM; echo ready-$((1+1))\r"]);
  await client.sees('ready-2');
  const deleted = await app.inject({ method: 'DELETE', url: '/api/terminals/1', headers: withToken });
  expect(deleted.statusCode).toBe(204);
  expect(await client.closed).toBe(1000);
  expect(client.frames.at(-1)).toEqual(['disconnect', 1]);
  expect((await app.inject({ url: '/api/terminals', headers: withToken })).json()).toEqual([]);
  expect(
    (await app.inject({ method: 'DELETE', url: '/api/terminals/1', headers: withToken })).statusCode,
  ).toBe(404);
  expect((await app.inject({ url: '/api/terminals/1', headers: withToken })).json()).toEqual({
    message: 'Terminal not found: 1',
    reason: null,
  });
});

test('[T5] a shell that exits takes its terminal with it', async () => {
  const { app, url } = await server();
  await app.inject({ method: 'POST', url: '/api/terminals', headers: withToken });
  const client = await connect(url, '1');
  client.send(['stdin', 'exit\r']);
  expect(await client.closed).toBe(1000);
  expect((await app.inject({ url: '/api/terminals', headers: withToken })).json()).toEqual([]);
});

test('[T6] a program waits while its only client does not read, and nothing is lost', async () => {
  const { app, url } = await server({ terminalBufferBytes: 64 * 1024 });
  await app.inject({ method: 'POST', url: '/api/terminals', headers: withToken });
  const client = await connect(url, '1');
  client.socket.pause();
  const bytes = 12 * 1024 * 1024;
  client.send(['stdin', `head -c ${bytes} /dev/zero | tr '\\0' x; echo end-$((20+1))\r`]);
  // Memory of the server stays bounded: what is written is far less than what the program wants to write.
  const before = process.memoryUsage().rss;
  await vi.waitFor(
    async () => {
      const { last_activity: at } = (
        await app.inject({ url: '/api/terminals/1', headers: withToken })
      ).json();
      expect(Date.now() - Date.parse(at)).toBeGreaterThan(300);
    },
    { timeout: 20_000 },
  );
  expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
  client.socket.resume();
  await client.sees('end-21', 30_000);
  expect(client.text.match(/x/g)?.length).toBeGreaterThanOrEqual(bytes);
});

test('[T7] a client that does not read is disconnected rather than hold up others', async () => {
  const { app, url } = await server({ terminalBufferBytes: 64 * 1024, terminalSlowClientTimeoutS: 0.3 });
  await app.inject({ method: 'POST', url: '/api/terminals', headers: withToken });
  const slow = await connect(url, '1');
  const quick = await connect(url, '1');
  slow.socket.pause();
  quick.send(['stdin', "head -c 30000000 /dev/zero | tr '\\0' x; echo end-$((20+1))\r"]);
  await quick.sees('end-21', 30_000);
  slow.socket.resume();
  expect(await slow.closed).toBe(1013);
});

test('[T8] a frame that is no message closes that socket with 1007, and only that one', async () => {
  const { app, url } = await server();
  await app.inject({ method: 'POST', url: '/api/terminals', headers: withToken });
  const other = await connect(url, '1');
  for (const frame of ['', '{', '{}', '[]', '[1]', '["stdin"]', '["stdin", 1]', 'null']) {
    const client = await connect(url, '1');
    client.socket.send(frame);
    expect(await client.closed).toBe(1007);
  }
  other.send(['resize', 'what']);
  other.send(['stdin', 'echo still-$((1+1))\r']);
  await other.sees('still-2');
});

test('[T9] an unknown terminal is refused with 404, a stranger with 403', async () => {
  const { url } = await server();
  expect(await refusal(`${url}/terminals/websocket/9?token=${testToken}`)).toBe(404);
  expect(await refusal(`${url}/terminals/websocket/9`)).toBe(403);
});

test('[T10] names are letters, digits and _, free numbers come first, and a name is taken once', async () => {
  const { app } = await server();
  const post = async (payload?: object) =>
    app.inject({ method: 'POST', url: '/api/terminals', headers: withToken, ...(payload && { payload }) });
  expect((await post({ name: '2' })).json().name).toBe('2');
  expect((await post()).json().name).toBe('1');
  expect((await post({})).json().name).toBe('3');
  expect((await post({ name: '2' })).statusCode).toBe(409);
  for (const name of ['a/b', '../x', '', 'ä', 'x'.repeat(65)])
    expect((await post({ name })).statusCode).toBe(400);
  for (const payload of [{ name: 1 }, { cwd: [] }, { shell_command: 'sh' }, { shell_command: [] }]) {
    expect((await post(payload)).statusCode).toBe(400);
  }
});

test('[T11] there are no more terminals than the limit', async () => {
  const { app } = await server({ terminalLimit: 2 });
  const statuses = await Promise.all(
    [1, 2, 3].map(
      async () =>
        (await app.inject({ method: 'POST', url: '/api/terminals', headers: withToken })).statusCode,
    ),
  );
  expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 200, 503]);
});

test('[T12] a terminal opens in the folder asked for, and in the root if there is none such', async () => {
  const { app, url, root } = await server();
  await mkdir(join(root, 'sub'));
  for (const [cwd, expected] of [
    ['sub', join(root, 'sub')],
    ['no/such', root],
    [join(root, 'sub'), join(root, 'sub')],
    ['\0', root],
  ]) {
    const { name } = (
      await app.inject({ method: 'POST', url: '/api/terminals', headers: withToken, payload: { cwd } })
    ).json();
    const client = await connect(url, name);
    client.send(['stdin', 'echo "in:$PWD:"\r']);
    await client.sees(`in:${expected}:`);
  }
});

test('[T13] a terminal that nobody uses is closed after its time', async () => {
  const { app } = await server({ terminalCullInactiveTimeoutS: 0.2, terminalCullIntervalS: 0.05 });
  await app.inject({ method: 'POST', url: '/api/terminals', headers: withToken });
  await vi.waitFor(
    async () => {
      expect((await app.inject({ url: '/api/terminals', headers: withToken })).json()).toEqual([]);
    },
    { timeout: 10_000 },
  );
});

test('[T14] switched off, the addresses do not exist', async () => {
  const { app } = await server({ terminalsEnabled: false });
  expect((await app.inject({ url: '/api/terminals', headers: withToken })).statusCode).toBe(404);
});

test('[T15] a shell that is not there is said in words', async () => {
  const { app } = await server({ terminalShell: ['/no/such/shell'] });
  const response = await app.inject({ method: 'POST', url: '/api/terminals', headers: withToken });
  expect(response.statusCode).toBe(503);
  expect(response.json().message).toBe('The shell /no/such/shell is not there or may not be run');
  expect((await app.inject({ url: '/api/terminals', headers: withToken })).json()).toEqual([]);
});

test('[T16] input that no program reads stops the client, not the server', async () => {
  const { app, url } = await server({ terminalBufferBytes: 64 * 1024 });
  await app.inject({ method: 'POST', url: '/api/terminals', headers: withToken });
  const client = await connect(url, '1');
  client.send(['stdin', 'stty raw -echo; echo raw-$((1+1)); sleep 1000\r']);
  await client.sees('raw-2');
  const before = process.memoryUsage().rss;
  for (let i = 0; i < 400; i++) client.send(['stdin', 'x'.repeat(100_000)]);
  // The server stops reading: 40 MB stay with the client.
  await vi.waitFor(
    async () => {
      const { last_activity: at } = (
        await app.inject({ url: '/api/terminals/1', headers: withToken })
      ).json();
      expect(Date.now() - Date.parse(at)).toBeGreaterThan(300);
    },
    { timeout: 20_000 },
  );
  expect(client.socket.bufferedAmount).toBeGreaterThan(20_000_000);
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  expect(
    (await app.inject({ method: 'DELETE', url: '/api/terminals/1', headers: withToken })).statusCode,
  ).toBe(204);
});

async function server(
  given: Partial<TerminalOptions> = {},
): Promise<{ app: FastifyInstance; url: string; root: string }> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'perijove-terminals-')));
  const app = await createTestApp([
    terminalRoutes({
      options: withDefaults(terminalOptions, { terminalShell: ['bash', '--norc', '--noprofile'], ...given }),
      rootDir: root,
      env: process.env,
      hasTerminal: true,
      serverUrl: () => 'http://test/',
      log: pino({ level: 'silent' }),
    }),
  ]);
  cleanups.push(
    () => rm(root, { recursive: true, force: true }),
    () => app.close(),
  );
  await app.listen({ port: 0, host: '127.0.0.1' });
  const address = app.server.address() as { port: number };
  return { app, url: `ws://127.0.0.1:${address.port}`, root };
}

interface Client {
  readonly socket: WebSocket;
  readonly frames: unknown[][];
  /** All that was shown. */
  readonly text: string;
  readonly closed: Promise<number>;
  send(message: unknown[]): void;
  sees(text: string, timeoutMs?: number): Promise<void>;
  close(): Promise<void>;
}

async function connect(url: string, name: string): Promise<Client> {
  const socket = new WebSocket(`${url}/terminals/websocket/${name}?token=${testToken}`);
  const frames: unknown[][] = [];
  const shown: string[] = [];
  let tail = '';
  let arrived = () => {};
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  socket.on('message', (data) => {
    const frame = JSON.parse((data as Buffer).toString()) as unknown[];
    frames.push(frame);
    if (frame[0] === 'stdout') {
      shown.push(String(frame[1]));
      tail = (tail + frame[1]).slice(-10_000);
    }
    arrived();
  });
  cleanups.push(async () => socket.terminate());
  await new Promise<void>((resolve, reject) => {
    arrived = resolve;
    socket.once('error', reject);
  });
  return {
    socket,
    frames,
    closed,
    get text() {
      return shown.join('');
    },
    send: (message) => socket.send(JSON.stringify(message)),
    sees: (wanted, timeoutMs = 10_000) =>
      new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no ${wanted} in ${tail.slice(-500)}`)), timeoutMs);
        const look = () => {
          if (!tail.includes(wanted)) return;
          clearTimeout(timer);
          resolve();
        };
        arrived = look;
        look();
      }),
    close: async () => {
      socket.close();
      await closed;
    },
  };
}

let sizesAsked = 0;

async function sizeIs(client: Client, size: string): Promise<void> {
  await vi.waitFor(
    async () => {
      const mark = `size-${++sizesAsked}`;
      client.send(['stdin', `echo ${mark}:$(stty size):\r`]);
      await client.sees(`${mark}:${size}:`, 500);
    },
    { timeout: 10_000 },
  );
}

function refusal(url: string): Promise<number> {
  const socket = new WebSocket(url);
  return new Promise((resolve, reject) => {
    socket.once('unexpected-response', (_, response) => {
      resolve(response.statusCode ?? 0);
      socket.terminate();
    });
    socket.once('open', () => reject(new Error('accepted')));
    socket.once('error', () => undefined);
  });
}
