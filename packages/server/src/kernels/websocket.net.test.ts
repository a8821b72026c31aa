import { once } from 'node:events';
import { connect } from 'node:net';
import { startFakeKernel } from '@perijove/testkit';
import { encodeV1, toRaw } from '@perijove/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import WebSocket from 'ws';
import { createTestApp, testToken } from '../http/test-app.ts';
import { startTestChannels, type TestChannels, type TestChannelsOptions } from './test-channels.ts';
import { kernelWebSocket } from './websocket.ts';

async function startConnected(options: TestChannelsOptions = {}): Promise<TestChannels> {
  const server = await startTestChannels(options);
  const kernel = await startFakeKernel();
  server.channels.connect(kernel.connection);
  await server.channels.ready(AbortSignal.timeout(10_000));
  return {
    ...server,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await kernel.close();
    },
  };
}

/** Status of the answer to a handshake that is refused. */
async function refusal(url: string): Promise<number | undefined> {
  const websocket = new WebSocket(url);
  websocket.on('error', () => undefined);
  const [, response] = (await once(websocket, 'unexpected-response')) as [unknown, { statusCode?: number }];
  websocket.terminate();
  return response.statusCode;
}

async function closed(websocket: WebSocket): Promise<{ code: number; reason: string }> {
  const [code, reason] = (await once(websocket, 'close')) as [number, Buffer];
  return { code, reason: reason.toString() };
}

test('[V1] the handshake: 404 for no such kernel, 503 for a dead one, 403 without a token', async () => {
  const channels = { attach: () => expect.unreachable() };
  const app = await createTestApp([
    kernelWebSocket({
      kernels: {
        get: (id) =>
          id === 'dead'
            ? {
                record: { username: 'ada' },
                isAlive: false,
                death: { message: 'out of memory' },
                channels,
              }
            : undefined,
      },
      maxClientMessageBytes: 2 ** 20,
    }),
  ]);
  const url = (await app.listen({ port: 0, host: '127.0.0.1' })).replace('http', 'ws');
  expect(await refusal(`${url}/api/kernels/none/channels?token=${testToken}`)).toBe(404);
  expect(await refusal(`${url}/api/kernels/dead/channels?token=${testToken}`)).toBe(503);
  expect(await refusal(`${url}/api/kernels/dead/channels`)).toBe(403);
  await app.close();
});

test('[V2] the subprotocol that is chosen is told; an unknown one is not', async () => {
  await using server = await startConnected();
  const protocolFor = async (...offered: string[]): Promise<string> => {
    const websocket = new WebSocket(server.url, offered);
    websocket.on('error', () => undefined);
    await once(websocket, 'open');
    websocket.terminate();
    return websocket.protocol;
  };
  expect(await protocolFor('v1.kernel.websocket.jupyter.org')).toBe('v1.kernel.websocket.jupyter.org');
  expect(await protocolFor()).toBe('');
  expect(await protocolFor('v1.kernel.websocket.jupyter.org', 'v1.kernel.websocket.perijove.dev')).toBe(
    'v1.kernel.websocket.perijove.dev',
  );
});

for (const framing of ['v1', 'default', 'numbered'] as const) {
  test(`[V3] messages with buffers go both ways (${framing})`, async () => {
    await using server = await startConnected();
    const client = await server.client({ framing });
    client.request('shell', 'comm_open', { comm_id: 'c', target_name: 't', data: {} });
    const sent = client.request('shell', 'comm_msg', { comm_id: 'c', data: { a: 'ü' } }, [
      Buffer.from([1, 2, 3]),
      Buffer.alloc(100_000, 7),
    ]);
    const echo = await client.message(
      (m) => m.header.msg_type === 'comm_msg' && m.parent_header.msg_id === sent,
    );
    expect(echo.content['data']).toEqual({ a: 'ü' });
    expect(echo.buffers.map((buffer) => buffer.length)).toEqual([3, 100_000]);
    expect([...echo.buffers[0]!]).toEqual([1, 2, 3]);
  });

  test(`[V4] a message of 10 MB from a client arrives, one over the limit closes with 1009 (${framing})`, async () => {
    await using server = await startConnected({ settings: { maxClientMessageBytes: 12 * 2 ** 20 } });
    const client = await server.client({ framing });
    client.request('shell', 'comm_open', { comm_id: 'c', target_name: 't', data: {} });
    const sent = client.request('shell', 'comm_msg', {
      comm_id: 'c',
      data: { text: 'x'.repeat(10 * 2 ** 20) },
    });
    const echo = await client.message(
      (m) => m.parent_header.msg_id === sent && m.header.msg_type === 'comm_msg',
    );
    expect((echo.content['data'] as { text: string }).text).toHaveLength(10 * 2 ** 20);
    const ending = closed(client.websocket);
    client.request('shell', 'comm_msg', { comm_id: 'c', data: { text: 'x'.repeat(13 * 2 ** 20) } });
    expect((await ending).code).toBe(1009);
  });
}

test('[V5] hostile frames close their own connection with a reason; the server and others go on', async () => {
  // What happens to be a message is dropped: the fake kernel knows no nonsense.
  await using server = await startConnected({ settings: { allowedMessageTypes: ['execute_request'] } });
  const witness = await server.client({ framing: 'v1' });
  const frame = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.uint8Array({ minLength: 1, maxLength: 3 }).map((bytes) => {
      const good = encodeV1(
        toRaw({
          channel: 'shell',
          header: {
            msg_id: 'x',
            msg_type: 'kernel_info_request',
            session: 's',
            username: '',
            date: '',
            version: '5.4',
          },
          parent_header: {},
          metadata: {},
          content: {},
          buffers: [],
        }),
      );
      good.set(bytes, bytes[0]! % (good.length - 3));
      return good;
    }),
  );
  await fc.assert(
    fc.asyncProperty(
      frame,
      fc.boolean(),
      fc.constantFrom('v1' as const, 'default' as const),
      async (bytes, isBinary, framing) => {
        const client = await server.client({ framing });
        const ending = closed(client.websocket);
        client.websocket.send(bytes, { binary: isBinary });
        client.websocket.send('{', { binary: false });
        const { code, reason } = await ending;
        expect([1003, 1007]).toContain(code);
        if (code === 1003) expect(reason).not.toBe('');
      },
    ),
    { numRuns: 60 },
  );
  const reply = await witness.finished(witness.execute('echo alive'));
  expect(reply.content['status']).toBe('ok');
});

test('[V6] frames of our own and those of ws do not come between each other', async () => {
  await using server = await startConnected();
  const client = await server.client({ framing: 'v1' });
  let pongs = 0;
  client.websocket.on('pong', () => pongs++);
  const asked = client.execute('fast 20000');
  const pinging = setInterval(() => client.websocket.ping(Buffer.alloc(100)), 1);
  await client.finished(asked);
  clearInterval(pinging);
  expect(client.printed(asked)).toBe(Array.from({ length: 20_000 }, (_, i) => `${i}\n`).join(''));
  expect(pongs).toBeGreaterThan(5);
});

test('[V7] a client that never reads costs bounded memory, and is served when it reads again', async () => {
  await using server = await startConnected({ settings: { clientBufferBytes: 2 ** 20 } });
  const slow = await server.client({ framing: 'v1' });
  const quick = await server.client({ framing: 'v1' });
  slow.websocket.pause();
  const before = process.memoryUsage().arrayBuffers;
  const asked = quick.execute(Array.from({ length: 100 }, () => `display ${2 ** 20}\nsleep 10`).join('\n'));
  await quick.finished(asked);
  quick.messages.length = 0;
  globalThis.gc?.();
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(400 * 2 ** 20);
  slow.websocket.resume();
  await slow.message(
    (m) => m.parent_header.msg_id === asked && m.content['execution_state'] === 'idle',
    30_000,
  );
  expect(slow.messages.filter((m) => m.header.msg_type === 'display_data')).toHaveLength(100);
});

test('[V8] a connection that is reset in the middle of much output disturbs nobody', async () => {
  await using server = await startConnected();
  const quick = await server.client({ framing: 'v1' });
  const { port, hostname, pathname, search } = new URL(server.url);
  const raw = connect(Number(port), hostname);
  raw.write(
    `GET ${pathname}${search}&session_id=raw HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n',
  );
  await once(raw, 'data');
  const asked = quick.execute('fast 5000');
  await once(raw, 'data');
  raw.resetAndDestroy();
  await quick.finished(asked);
  expect(quick.printed(asked).split('\n')).toHaveLength(5001);
});

test('[V9] a session that comes back over the network gets what it lacks, once', async () => {
  await using server = await startConnected();
  const first = await server.client({ framing: 'v1' });
  const asked = first.execute('print 3\nsleep 300\nprint 3');
  await first.message((m) => m.header.msg_type === 'stream' && m.content['text'] === '2\n');
  first.websocket.terminate();
  await once(first.websocket, 'close');
  const again = await server.client({ framing: 'v1', session: first.session });
  await again.finished(asked);
  expect(first.printed(asked) + again.printed(asked)).toBe('0\n1\n2\n0\n1\n2\n');
});
