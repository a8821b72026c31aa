import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { ServerError } from '../errors.ts';
import type { RoutePlugin } from './route-plugin.ts';
import type { SocketRequest } from './sockets.ts';
import { createTestApp, type TestAppOptions, testToken, withToken } from './test-app.ts';

const access = { kind: 'socket', resource: 'kernels' } as const;
let seen: SocketRequest[] = [];

const echo: RoutePlugin = async (app) => {
  app.get('/api/plain', { config: { access: { kind: 'api', resource: 'api' } } }, async () => 'plain');
  app.sockets.route('/api/kernels/:id/channels', {
    access,
    async handler(socket) {
      seen.push(socket);
      if (socket.params['id'] === 'none') return socket.refuse(404, 'No such kernel');
      if (socket.params['id'] === 'gone') throw new ServerError('UNAVAILABLE', 'Later');
      if (socket.params['id'] === 'bug') throw new Error('secret');
      const protocol = socket.protocols.find((name) => name === 'v1');
      const webSocket = await socket.accept({
        maxPayload: 1000,
        ...(protocol === undefined ? {} : { protocol }),
      });
      webSocket.on('message', (data, isBinary) => webSocket.send(data, { binary: isBinary }));
      if (socket.params['id'] === 'late-bug') throw new Error('secret');
      return undefined;
    },
  });
};

let app: FastifyInstance | undefined;

afterEach(async () => {
  app?.sockets.terminate();
  await app?.close();
  app = undefined;
  seen = [];
});

async function start(options: TestAppOptions = {}): Promise<number> {
  app = await createTestApp([echo], options);
  await app.listen({ port: 0, host: '127.0.0.1' });
  return (app.server.address() as AddressInfo).port;
}

/** The status that a handshake was refused with, or the open socket. */
async function open(
  port: number,
  path: string,
  options: { headers?: Record<string, string>; protocols?: string[] } = {},
) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, options.protocols ?? [], {
    headers: options.headers ?? withToken,
  });
  return new Promise<WebSocket | { status: number; body: string }>((resolve, reject) => {
    socket.once('open', () => resolve(socket));
    socket.once('error', reject);
    socket.once('unexpected-response', (_request, response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
  });
}

async function opened(...args: Parameters<typeof open>): Promise<WebSocket> {
  const socket = await open(...args);
  if (!(socket instanceof WebSocket)) throw new Error(`refused with ${socket.status}`);
  return socket;
}

/** Writes bytes, and reads until the server hangs up. */
async function raw(port: number, bytes: string | Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => undefined); // a reset is an end as well
  socket.end(bytes);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}

describe('handshake', () => {
  test('[H40] the handler has parameters, query and user, and picks the subprotocol', async () => {
    const port = await start({ http: { baseUrl: '/base/' } });
    const socket = await opened(port, '/base/api/kernels/a%20b/channels?session_id=s', {
      protocols: ['v0', 'v1'],
    });
    expect(socket.protocol).toBe('v1');
    expect(socket.extensions).toBe('');
    expect(seen[0]?.params).toEqual({ id: 'a b' });
    expect(seen[0]?.query.get('session_id')).toBe('s');
    expect(seen[0]?.user.by).toBe('token');
    socket.send('hello');
    expect(String((await once(socket, 'message'))[0])).toBe('hello');
    socket.close();
    await once(socket, 'close');
  });

  test('[H41] without an offer there is no subprotocol, and one that nobody knows is not taken', async () => {
    const port = await start();
    const none = await opened(port, '/api/kernels/a/channels');
    expect(none.protocol).toBe('');
    // `ws` as a client fails if none of its offers is taken; a raw handshake shows the answer.
    const answer = raw(
      port,
      handshake('/api/kernels/a/channels', [
        'Sec-WebSocket-Protocol: other',
        `Authorization: token ${testToken}`,
      ]),
    );
    await expect.poll(() => seen.length).toBe(2);
    app?.sockets.terminate();
    expect(await answer).toMatch(/^HTTP\/1\.1 101 (?![^]*sec-websocket-protocol)/i);
  });

  test('[H42] refusals are HTTP: by the router, by the handler, by a declared and by an unexpected error', async () => {
    const port = await start();
    for (const [path, status, message] of [
      ['/api/nothing', 404, 'Not Found'],
      ['/api/plain', 404, 'Not Found'],
      ['/api/kernels/none/channels', 404, 'No such kernel'],
      ['/api/kernels/gone/channels', 503, 'Later'],
      ['/api/kernels/%zz/channels', 400, 'Bad Request'],
    ] as const) {
      expect([path, await open(port, path)]).toEqual([
        path,
        { status, body: JSON.stringify({ message, reason: null }) },
      ]);
    }
    const bug = await open(port, '/api/kernels/bug/channels');
    expect(bug).toMatchObject({
      status: 500,
      body: expect.stringMatching(/^{"message":"Unexpected error \(id /),
    });
    const late = await opened(port, '/api/kernels/late-bug/channels');
    expect((await once(late, 'close'))[0]).toBe(1011);
  });

  test('[H43] strangers, forged origins and rebound hosts get 403', async () => {
    const port = await start();
    const path = '/api/kernels/a/channels';
    const login = await app!.inject({
      url: `/api/plain?token=${testToken}`,
      headers: { host: `127.0.0.1:${port}` },
    });
    const cookie = `${login.cookies[0]?.name}=${login.cookies[0]?.value}`;
    const statusOf = async (headers: Record<string, string>) => {
      const result = await open(port, path, { headers });
      return result instanceof WebSocket ? 101 : result.status;
    };
    expect(await statusOf({})).toBe(403);
    expect(await statusOf({ authorization: 'token wrong' })).toBe(403);
    expect(await statusOf({ cookie })).toBe(101);
    expect(await statusOf({ cookie, origin: `http://127.0.0.1:${port}` })).toBe(101);
    for (const origin of ['http://evil.example', 'null', `http://127.0.0.1:${port + 1}`]) {
      expect([origin, await statusOf({ cookie, origin })]).toEqual([origin, 403]);
    }
    expect(await statusOf({ ...withToken, origin: 'http://evil.example' })).toBe(101);
    expect(await statusOf({ ...withToken, host: 'evil.example' })).toBe(403);
    expect((await open(port, `${path}?token=${testToken}`, { headers: {} })) instanceof WebSocket).toBe(true);
  });

  test('[H44] an authorizer may forbid to execute', async () => {
    const port = await start({ authorize: (_user, action) => action !== 'execute' });
    expect(await open(port, '/api/kernels/a/channels')).toMatchObject({ status: 403 });
  });
});

describe('hostile handshakes', () => {
  const auth = `Authorization: token ${testToken}`;
  const path = '/api/kernels/a/channels';

  test('[H45] malformed ones are answered with 4xx, and the server goes on', async () => {
    const port = await start();
    for (const bytes of [
      handshake(path, [auth]).replace(/Sec-WebSocket-Key: .*\r\n/, ''),
      handshake(path, [auth]).replace(/Sec-WebSocket-Key: .*/, 'Sec-WebSocket-Key: short'),
      handshake(path, [auth]).replace('Version: 13', 'Version: 7'),
      handshake(path, [auth]).replace('Upgrade: websocket', 'Upgrade: h2c, nonsense'),
      handshake(path, [auth]).replace('GET', 'POST'),
      handshake(path, [auth, 'Sec-WebSocket-Protocol: a,,b']),
      handshake(path, [auth, 'Sec-WebSocket-Protocol: \u0001']),
    ]) {
      const answer = await raw(port, bytes);
      expect([bytes, answer.slice(0, 10)]).toEqual([bytes, expect.stringMatching(/^HTTP\/1\.1 4/)]);
    }
    expect((await app!.inject({ url: '/api/plain', headers: withToken })).statusCode).toBe(200);
  });

  test('[H46] a client that offers HTTP/2 on a plain request is served as if it had not', async () => {
    const port = await start();
    const request = [
      'GET /api/plain HTTP/1.1',
      'Host: localhost',
      auth,
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA',
      '',
      '',
    ];
    expect(await raw(port, request.join('\r\n'))).toMatch(/^HTTP\/1\.1 200 [^]*plain$/);
  });

  test('[H47] a message beyond the limit closes that socket with 1009, malformed frames with 1002', async () => {
    const port = await start();
    const large = await opened(port, path);
    large.send('x'.repeat(1001));
    expect((await once(large, 'close'))[0]).toBe(1009);
    const answer = await raw(
      port,
      Buffer.concat([Buffer.from(handshake(path, [auth])), Buffer.from([0xff, 0xff, 0xff, 0xff])]),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 101/);
    expect(Buffer.from(answer.split('\r\n\r\n')[1] ?? '', 'latin1').readUInt16BE(2)).toBe(1002);
  });

  test('[H48] any bytes at all are answered or dropped, and the server goes on', async () => {
    const port = await start();
    const token = fc.stringMatching(/^[!-~]{0,12}$/);
    const line = fc.oneof(
      fc.tuple(token, fc.string({ maxLength: 40 })).map(([name, value]) => `${name}: ${value}`),
      fc.constantFrom(
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        auth,
        'Host: localhost',
        'Transfer-Encoding: chunked',
        'Content-Length: 5',
        'Content-Length: -1',
        'Cookie: _xsrf=a; =; ;;username-localhost=2|1:0|x',
      ),
    );
    const requestLine = fc.tuple(
      fc.constantFrom('GET', 'POST', 'PUT', 'BREW', ''),
      fc.oneof(token, fc.constantFrom(path, '/', '//', '/%', '*', 'http://x/')),
      fc.constantFrom('HTTP/1.1', 'HTTP/1.0', 'HTTP/9', ''),
    );
    await fc.assert(
      fc.asyncProperty(
        requestLine,
        fc.array(line, { maxLength: 8 }),
        fc.uint8Array({ maxLength: 60 }),
        async (first, lines, rest) => {
          const head = Buffer.from([first.join(' '), ...lines, 'Connection: close', '', ''].join('\r\n'));
          // No key, so none of these is ever accepted.
          const answer = await raw(port, Buffer.concat([head, rest]));
          expect(answer).not.toMatch(/^HTTP\/1\.1 5/);
        },
      ),
      { numRuns: 60 },
    );
    expect((await app!.inject({ url: '/api/plain', headers: withToken })).statusCode).toBe(200);
  }, 60_000);
});

describe('life', () => {
  test('[H50] every socket is pinged, and given up when no pong comes', async () => {
    const port = await start({ http: { websocketPingIntervalS: 0.05, websocketPingTimeoutS: 0.2 } });
    const lively = await opened(port, '/api/kernels/a/channels');
    const dumb = new WebSocket(`ws://127.0.0.1:${port}/api/kernels/b/channels`, {
      headers: withToken,
      autoPong: false,
    });
    expect((await once(dumb, 'close'))[0]).toBe(1006);
    await once(lively, 'ping');
    expect(lively.readyState).toBe(WebSocket.OPEN);
    expect(app?.sockets.size).toBe(1);
  });

  test('[H51] at the end all are closed with 1012, and no more let in', async () => {
    const port = await start();
    const sockets = await Promise.all(
      ['a', 'b', 'c'].map((id) => opened(port, `/api/kernels/${id}/channels`)),
    );
    const closed = Promise.all(sockets.map(async (socket) => (await once(socket, 'close'))[0] as number));
    app?.sockets.drain();
    expect(await closed).toEqual([1012, 1012, 1012]);
    expect(await open(port, '/api/kernels/d/channels')).toMatchObject({ status: 503 });
  });

  test('[H52] a client that goes away while the handler thinks leaves nothing behind', async () => {
    let letGo = (): void => undefined;
    const thinking = new Promise<void>((resolve) => (letGo = resolve));
    const outcomes: string[] = [];
    app = await createTestApp([
      async (slow) => {
        slow.sockets.route('/slow', {
          access,
          async handler(socket) {
            seen.push(socket);
            await thinking;
            outcomes.push(
              await socket.accept().then(
                () => 'accepted',
                () => 'gone',
              ),
            );
            // Whatever a handler does with an error of `accept`, the router has answered.
            throw new Error('handler without a client');
          },
        });
      },
    ]);
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    const client = connect(port, '127.0.0.1');
    client.write(handshake('/slow', [`Authorization: token ${testToken}`]));
    await expect.poll(() => seen.length).toBe(1);
    client.destroy();
    await once(client, 'close');
    letGo();
    await expect.poll(() => outcomes).toEqual(['gone']);
    expect(app.sockets.size).toBe(0);
  });
});

function handshake(path: string, headers: string[]): string {
  return [
    `GET ${path} HTTP/1.1`, 'Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13', ...headers, '', '',
  ].join('\r\n'); // prettier-ignore
}
