import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { apiRoutes } from '../status/api-routes.ts';
import { checkAddress, listen, type Listener } from './listen.ts';
import { withDefaults } from './option-values.ts';
import { httpOptions, type HttpOptions } from './options.ts';
import type { RoutePlugin } from './route-plugin.ts';
import { createTestApp, withToken } from './test-app.ts';

let folder: string;
let listeners: Listener[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perijove-listen-'));
});
afterEach(async () => {
  await Promise.all(listeners.map((listener) => listener.drain()));
  listeners = [];
  await rm(folder, { recursive: true });
});

async function create(given: Partial<HttpOptions>, routes: RoutePlugin[] = [apiRoutes()]) {
  const options = withDefaults(httpOptions, { port: 0, ip: '127.0.0.1', drainTimeoutS: 0.3, ...given });
  const app = await createTestApp(routes, { http: options });
  const listener = listen(app, options);
  listeners.push(listener);
  return listener;
}

async function taken() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}

/** A GET by options of node:http, for what fetch cannot: UNIX sockets and certificates. */
async function get(
  options: RequestOptions,
  request: typeof httpRequest | typeof httpsRequest = httpRequest,
): Promise<number> {
  const sent = request({ path: '/api', agent: false, headers: { host: 'localhost' }, ...options }).end();
  const [response] = await once(sent, 'response');
  response.resume();
  return response.statusCode;
}

test('[H90] the next free port is taken, unless none may be', async () => {
  await using other = await taken();
  const listener = await create({ port: other.port });
  await listener.listen();
  expect(new URL(listener.url).port).not.toBe(String(other.port));
  expect((await fetch(`${listener.url}api`)).status).toBe(200);
  const strict = await create({ port: other.port, portRetries: 0 });
  await expect(strict.listen()).rejects.toThrow(
    `Port ${other.port} is taken. Choose another one with --port, or stop what uses it.`,
  );
});

test('[H90] whether there is such a port can be asked before, in the same words, and takes none', async () => {
  await using other = await taken();
  const options = withDefaults(httpOptions, { port: other.port, ip: '127.0.0.1' });
  await checkAddress(options);
  await expect(checkAddress({ ...options, portRetries: 0 })).rejects.toThrow(
    `Port ${other.port} is taken. Choose another one with --port, or stop what uses it.`,
  );
  const sock = join(folder, 'file');
  await writeFile(sock, '');
  await expect(checkAddress({ ...options, sock })).rejects.toThrow(/exists and is not a socket/);
  const { port } = await taken().then(async (soonFree) => {
    await soonFree[Symbol.asyncDispose]();
    return soonFree;
  });
  await checkAddress({ ...options, port, portRetries: 0 });
  await (await create({ port, portRetries: 0 })).listen();
});

test('[H91] an address that this machine has not is said in a sentence', async () => {
  const listener = await create({ ip: '192.0.2.1' });
  await expect(listener.listen()).rejects.toThrow(
    'This machine has no address 192.0.2.1. Choose another one with --ip.',
  );
});

test('[H92] `localhost` answers on both loopback addresses, `*` on all', async () => {
  for (const ip of ['localhost', '*']) {
    const listener = await create({ ip });
    await listener.listen();
    const { port } = new URL(listener.url);
    expect([ip, (await fetch(`http://127.0.0.1:${port}/api`)).status]).toEqual([ip, 200]);
    expect(listener.url).toBe(`http://localhost:${port}/`);
  }
});

test('[H93] a UNIX socket is its owner’s alone, replaces a dead one, and spares a living one and other files', async () => {
  const sock = join(folder, 'server.sock');
  const first = await create({ sock });
  await first.listen();
  expect((await stat(sock)).mode & 0o777).toBe(0o600);
  expect(first.url).toBe(`http+unix://${encodeURIComponent(sock)}/`);
  expect(await get({ socketPath: sock })).toBe(200);
  await expect((await create({ sock })).listen()).rejects.toThrow('Another server listens on');

  const file = join(folder, 'file');
  await writeFile(file, 'mine');
  await expect((await create({ sock: file })).listen()).rejects.toThrow('is not a socket');
  expect(await readFile(file, 'utf8')).toBe('mine');

  const stale = join(folder, 'stale.sock');
  const program = `require('net').createServer().listen(${JSON.stringify(stale)}, () => process.kill(process.pid, 'SIGKILL'))`;
  expect(() => execFileSync(process.execPath, ['-e', program], { stdio: 'ignore' })).toThrow();
  expect((await stat(stale)).isSocket()).toBe(true);
  await (await create({ sock: stale })).listen();
  expect(await get({ socketPath: stale })).toBe(200);
});

test('[H94] TLS: https only, WebSockets in it, and clients by certificate', async () => {
  const make = (name: string, ...more: string[]) =>
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1', '-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost', '-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.pem`), ...more], { stdio: 'ignore' }); // prettier-ignore
  make('server');
  make('client');
  const tls = { certfile: join(folder, 'server.pem'), keyfile: join(folder, 'server.key') };
  const ca = await readFile(tls.certfile);
  const sockets: RoutePlugin = async (app) => {
    app.sockets.route('/ws', {
      access: { kind: 'socket', resource: 'api' },
      async handler(socket) {
        const webSocket = await socket.accept();
        webSocket.send('hello');
      },
    });
  };
  const open = await create(tls, [apiRoutes(), sockets]);
  await open.listen();
  expect(open.url).toMatch(/^https:/);
  const { port } = new URL(open.url);
  const target = { host: '127.0.0.1', port, servername: 'localhost', ca };
  expect(await get(target, httpsRequest)).toBe(200);
  const socket = new WebSocket(`wss://localhost:${port}/ws`, {
    ca,
    headers: withToken,
    lookup: (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
  });
  expect(String((await once(socket, 'message'))[0])).toBe('hello');

  const closed = await create({ ...tls, clientCa: join(folder, 'client.pem') });
  await closed.listen();
  const strict = { ...target, port: new URL(closed.url).port };
  await expect(get(strict, httpsRequest)).rejects.toThrow();
  const [cert, key] = await Promise.all(
    ['client.pem', 'client.key'].map((name) => readFile(join(folder, name))),
  );
  expect(await get({ ...strict, cert, key }, httpsRequest)).toBe(200);
});

test('[H95] draining closes sockets, lets requests end, and ends in time what does not', async () => {
  let finish = (): void => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  let arrived = 0;
  const routes: RoutePlugin = async (app) => {
    const config = { access: { kind: 'public' } } as const;
    app.get('/slow', { config }, async () => {
      arrived++;
      await finished;
      return 'done';
    });
    app.get('/never', { config }, () => {
      arrived++;
      return new Promise(() => undefined);
    });
    app.sockets.route('/ws', {
      access: { kind: 'socket', resource: 'api' },
      handler: async (socket) => void (await socket.accept()),
    });
  };
  const listener = await create({ drainTimeoutS: 1 }, [routes]);
  await listener.listen();
  const { port } = new URL(listener.url);
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, { headers: withToken });
  await once(socket, 'open');
  const deaf = connect(Number(port), '127.0.0.1');
  deaf.write(
    `GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nAuthorization: ${withToken.authorization}\r\n\r\n`,
  );
  await once(deaf, 'data');
  const slow = fetch(`${listener.url}slow`);
  const never = fetch(`${listener.url}never`).catch((error: Error) => error);
  await expect.poll(() => arrived).toBe(2);
  const begun = performance.now();
  const drained = listener.drain();
  expect((await once(socket, 'close'))[0]).toBe(1012);
  finish();
  expect(await (await slow).text()).toBe('done');
  await drained;
  expect(performance.now() - begun).toBeLessThan(5000);
  expect(await never).toBeInstanceOf(Error);
  await expect(fetch(`${listener.url}slow`).catch((error: Error) => Promise.reject(error))).rejects.toThrow();
  deaf.destroy();
});

test('[H96] too much of a header is 431, no HTTP 400, and no headers at all 408', async () => {
  const listener = await create({ maxHeaderSize: 8192, headersTimeoutS: 1 });
  await listener.listen();
  const { port } = new URL(listener.url);
  const say = async (text: string) => {
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => undefined);
    let answer = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
    socket.write(text);
    await once(socket, 'close');
    return answer;
  };
  expect(await say(`GET /api HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(9000)}\r\n\r\n`)).toMatch(
    /^HTTP\/1\.1 431 [^]*{"message":"Request Header Fields Too Large","reason":null}$/,
  );
  expect(await say('nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
  expect(await say('GET /api HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n')).toMatch(
    /^HTTP\/1\.1 (400|403)/,
  );
  expect(await say('GET /api HTTP/1.1\r\nHost: loc')).toMatch(/^HTTP\/1\.1 408 /);
  expect(await say('GET /%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')).toMatch(
    /^HTTP\/1\.1 400 /,
  );
  expect(await say('GET /\\evil.example/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')).toMatch(
    /location: \/evil\.example\r/i,
  );
  expect((await fetch(`${listener.url}api`)).status).toBe(200);
});

test('[H99] a request on a connection that is still open while the server ends is told when to come again', async () => {
  let finish = (): void => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  let arrived = (): void => undefined;
  const hasArrived = new Promise<void>((resolve) => (arrived = resolve));
  const routes: RoutePlugin = async (app) => {
    // Answers keep the order of their requests: the first ends once the second is there.
    app.server.on('request', ({ url }) => url === '/late' && setImmediate(finish));
    app.get('/slow', { config: { access: { kind: 'public' } } }, async () => {
      arrived();
      await finished;
      return 'done';
    });
  };
  const listener = await create({ drainTimeoutS: 5 }, [routes]);
  await listener.listen();
  const client = connect(Number(new URL(listener.url).port), '127.0.0.1');
  let answers = '';
  client.setEncoding('utf8').on('data', (text: string) => (answers += text));
  client.write('GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await hasArrived;
  const drained = listener.drain();
  client.write('POST /late HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n');
  await expect
    .poll(() => answers)
    .toMatch(/ 200 OK[^]*done[^]* 503 Service Unavailable[^]*retry-after: 5\r\n/);
  await drained;
});
