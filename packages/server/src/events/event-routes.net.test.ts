import pino from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { createTestApp, testToken } from '../http/test-app.ts';
import { eventRoutes } from './event-routes.ts';
import { JupyterEventBus } from './jupyter-event-bus.ts';
import { contentsServiceEvent, jupyterEventSchemas } from './jupyter-event-schemas.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

test('[EV8] a subscriber gets each event as a text frame, the id of its schema first', async () => {
  const { bus, subscribe } = await server();
  const one = await subscribe();
  const two = await subscribe();
  bus.emit(contentsServiceEvent.id, { action: 'rename', path: 'b', source_path: 'a' });
  const expected = `{"schema_id":"${contentsServiceEvent.id}","action":"rename","path":"b","source_path":"a"}`;
  await vi.waitFor(() => expect([one.frames, two.frames]).toEqual([[expected], [expected]]));
});

test('[EV9] what a subscriber says is ignored, and a stranger is none', async () => {
  const { bus, subscribe, url } = await server();
  const one = await subscribe();
  one.socket.send('{"what');
  one.socket.send(Buffer.from([0xff]));
  bus.emit(contentsServiceEvent.id, { action: 'get', path: 'a' });
  await vi.waitFor(() => expect(one.frames.length).toBe(1));

  const stranger = new WebSocket(`${url}/api/events/subscribe`);
  const status = await new Promise((resolve) => {
    stranger.once('unexpected-response', (_, response) => resolve(response.statusCode));
    stranger.once('error', () => undefined);
  });
  expect(status).toBe(403);
});

test('[EV10] a subscriber that does not read is closed with 1013 at the bound, the others are not', async () => {
  const { bus, subscribe } = await server();
  const slow = await subscribe();
  const quick = await subscribe();
  slow.socket.pause();
  const data = { action: 'get', path: 'x'.repeat(60_000) };
  // More than the sockets of the system take, in turns that let the quick one read.
  for (let i = 1; i <= 400; i++) {
    bus.emit(contentsServiceEvent.id, data);
    await vi.waitFor(() => expect(quick.frames.length).toBe(i), { interval: 1 });
  }
  slow.socket.resume();
  expect(await slow.closed).toBe(1013);
  expect(slow.frames.length).toBeLessThan(400);
  expect(quick.socket.readyState).toBe(WebSocket.OPEN);
});

async function server() {
  const bus = new JupyterEventBus(pino({ level: 'silent' }), jupyterEventSchemas);
  const app = await createTestApp([eventRoutes({ bus, eventBufferBytes: 128 * 1024 })]);
  cleanups.push(() => app.close());
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as { port: number };
  const url = `ws://127.0.0.1:${port}`;
  const subscribe = async () => {
    const socket = new WebSocket(`${url}/api/events/subscribe?token=${testToken}`);
    const frames: string[] = [];
    socket.on('message', (frame, isBinary) => {
      expect(isBinary).toBe(false);
      frames.push((frame as Buffer).toString());
    });
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    cleanups.push(async () => socket.terminate());
    await new Promise((resolve) => socket.once('open', resolve));
    // Open is what the client thinks; the server adds it to the subscribers a moment later.
    await vi.waitFor(() => expect(app.sockets.size).toBeGreaterThan(0));
    await new Promise((resolve) => {
      socket.once('pong', resolve);
      socket.ping();
    });
    return { socket, frames, closed };
  };
  return { bus, subscribe, url };
}
