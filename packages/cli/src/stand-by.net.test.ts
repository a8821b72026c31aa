import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { StandBy } from './stand-by.ts';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(async () => server.close().closeAllConnections());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function standingBy(target: () => string | undefined): Promise<{ standBy: StandBy; url: string }> {
  const port = await freePort();
  const standBy = new StandBy({ ip: '127.0.0.1', port, target });
  await standBy.listen();
  ends.push(() => standBy.close());
  return { standBy, url: `http://127.0.0.1:${port}` };
}

test('[B60] who stands by passes requests and WebSockets on to whoever works at that moment', async () => {
  const worker = (name: string): Server =>
    createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => response.end(`${name} ${request.url} ${Buffer.concat(parts).length}`));
    });
  const first = worker('first');
  new WebSocketServer({ server: first }).on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  const places = [await listening(first), await listening(worker('second'))];
  let place = 0;
  const { url } = await standingBy(() => places[place]);
  const big = Buffer.alloc(5_000_000, 'x');
  expect(await (await fetch(`${url}/a?b=c`, { method: 'POST', body: big })).text()).toBe(
    'first /a?b=c 5000000',
  );
  const socket = new WebSocket(url.replace('http', 'ws'));
  await once(socket, 'open');
  socket.send(big);
  const [answer] = (await once(socket, 'message')) as [Buffer];
  expect(answer.equals(big)).toBe(true);

  place = 1;
  const other = await fetch(`${url}/d`, { headers: { connection: 'close' } });
  expect(await other.text()).toMatch(/^(first|second) \/d 0$/);
  const fresh = await standingBy(() => places[place]);
  expect(await (await fetch(`${fresh.url}/d`)).text()).toBe('second /d 0');
  socket.terminate();
});

test('[B60] while nobody works, or who did is gone, the answer is 503 and when to come again', async () => {
  const gone = `127.0.0.1:${await freePort()}`;
  let target: string | undefined;
  const { url } = await standingBy(() => target);
  for (target of [undefined, 'not an address', gone]) {
    // oxlint-disable-next-line no-await-in-loop
    const answer = await fetch(`${url}/api`);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('2');
    // oxlint-disable-next-line no-await-in-loop
    expect(((await answer.json()) as { message: string }).message).toContain(
      'In a few seconds one will have',
    );
  }
});

test('[B60] when it works itself it lets go of the port and of what was passed on', async () => {
  const worker = createServer((_request, response) => void response.write('begun'));
  const place = await listening(worker);
  const { standBy, url } = await standingBy(() => place);
  const endless = await fetch(url);
  await standBy.close();
  await expect(endless.text()).rejects.toThrow();
  const again = new StandBy({ ip: '127.0.0.1', port: Number(new URL(url).port), target: () => place });
  await again.listen();
  await again.close();
});
