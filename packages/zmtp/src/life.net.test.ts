// Connecting, reconnecting, backpressure and the end of a socket.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { link, mkdtemp, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as zmq from 'zeromq';
import { DealerSocket, RouterSocket, SubSocket, XPubSocket } from './index.ts';
import { Inbox } from './testing/inbox.ts';
import { useOpened } from './testing/opened.ts';
import { until } from './testing/until.ts';

const open = useOpened();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zmtp-'));
});

afterAll(() => rm(folder, { recursive: true }));

const hello = [Buffer.from('hello')];

test('[Z30] IPv6, where the system has it', async (context) => {
  const router = open(new RouterSocket());
  const inbox = new Inbox(router);
  const endpoint = await router.bind('tcp://[::1]:0').catch(() => context.skip('no IPv6 here'));
  expect(endpoint).toMatch(/^tcp:\/\/\[::1\]:\d+$/);
  const dealer = open(new DealerSocket());
  dealer.connect(endpoint);
  dealer.send(hello);
  expect((await inbox.next())[1]).toEqual(hello[0]);
});

test('[Z31] a wildcard is every address; a taken port rejects', async () => {
  const router = open(new RouterSocket());
  const endpoint = await router.bind('tcp://*:0');
  expect(endpoint).toMatch(/^tcp:\/\/0\.0\.0\.0:\d+$/);
  await expect(open(new RouterSocket()).bind(endpoint)).rejects.toMatchObject({ code: 'ZMTP_CONNECTION' });
  await expect(open(new RouterSocket()).bind('nonsense')).rejects.toMatchObject({
    code: 'ZMTP_BAD_ENDPOINT',
  });
});

test('[Z31] an IPC file in use rejects, one left behind is replaced, and it goes with the socket', async () => {
  const path = join(folder, 'kernel');
  const router = open(new RouterSocket());
  await router.bind(`ipc://${path}`);
  await expect(open(new RouterSocket()).bind(`ipc://${path}`)).rejects.toMatchObject({
    code: 'ZMTP_CONNECTION',
  });
  await router.close();
  expect(existsSync(path)).toBe(false);

  await leaveSocketFile(path);
  expect((await stat(path)).isSocket()).toBe(true);
  const next = open(new RouterSocket());
  const inbox = new Inbox(next);
  await next.bind(`ipc://${path}`);
  const dealer = open(new DealerSocket());
  dealer.connect(`ipc://${path}`);
  dealer.send(hello);
  expect((await inbox.next())[1]).toEqual(hello[0]);
});

/** As a process that was killed does: the file is there, and nobody listens. */
async function leaveSocketFile(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.other`, resolve));
  await link(`${path}.other`, path);
  await new Promise((resolve) => server.close(resolve));
  await unlink(`${path}.other`).catch(() => undefined);
}

test('[Z31] a file that is no socket is left alone', async () => {
  const path = join(folder, 'notes.txt');
  await writeFile(path, 'precious');
  await expect(open(new RouterSocket()).bind(`ipc://${path}`)).rejects.toMatchObject({
    code: 'ZMTP_CONNECTION',
  });
  expect(await readFile(path, 'utf8')).toBe('precious');
});

test('[Z32] a DEALER waits for a peer that is not there yet, and says so', async () => {
  const path = `ipc://${folder}/later`;
  const dealer = open(new DealerSocket({ reconnectMs: 2 }));
  const inbox = new Inbox(dealer);
  dealer.connect(path);
  dealer.send(hello);
  expect(await inbox.event('refused')).toMatchObject({ endpoint: path, error: { code: 'ZMTP_CONNECTION' } });
  const router = open(new zmq.Router());
  await router.bind(path);
  expect((await router.receive())[1]).toEqual(hello[0]);
  await inbox.event('connected');
});

test.each(['tcp', 'ipc'])(
  '[Z32] [Z44] a SUB connects again when the publisher restarts, by %s',
  async (transport) => {
    const first = open(new zmq.XPublisher({ linger: 0 }));
    await first.bind(transport === 'tcp' ? 'tcp://127.0.0.1:*' : `ipc://${folder}/restarts`);
    const endpoint = first.lastEndpoint ?? '';
    const sub = open(new SubSocket());
    const inbox = new Inbox(sub);
    sub.subscribe('one');
    sub.subscribe('two');
    sub.subscribe('two');
    sub.connect(endpoint);
    expect((await first.receive()).map(String)).toEqual(['\x01one']);
    expect((await first.receive()).map(String)).toEqual(['\x01two']);
    sub.unsubscribe('one');
    expect((await first.receive()).map(String)).toEqual(['\x00one']);
    first.close();
    await inbox.event('disconnected');
    const second = open(new zmq.XPublisher({ linger: 0 }));
    await second.bind(endpoint);
    expect((await second.receive()).map(String)).toEqual(['\x01two']);
    await second.send(['two', 'news']);
    expect(await inbox.nextText()).toEqual(['two', 'news']);
  },
);

test('[Z33] a socket that is paused from the start still shakes hands, and reads only when resumed', async () => {
  const router = open(new RouterSocket());
  const routerInbox = new Inbox(router);
  router.pause();
  const dealer = open(new DealerSocket());
  const inbox = new Inbox(dealer);
  dealer.connect(await router.bind('tcp://127.0.0.1:0'));
  await inbox.event('connected');
  await routerInbox.event('connected');
  dealer.send(hello);
  const probe = open(new DealerSocket());
  probe.connect(await router.bind('tcp://127.0.0.1:0'));
  await new Inbox(probe).event('connected');
  expect(routerInbox.messages).toEqual([]);
  router.resume();
  expect((await routerInbox.next())[1]).toEqual(hello[0]);
});

test('[Z34] close flushes within its linger, even to a peer that comes later', async () => {
  const router = open(new RouterSocket());
  const inbox = new Inbox(router);
  const endpoint = `ipc://${folder}/linger`;
  const dealer = open(new DealerSocket({ reconnectMs: 2 }));
  dealer.connect(endpoint);
  const large = Buffer.alloc(20_000_000, 1);
  dealer.send([large]);
  const closed = dealer.close(20_000);
  await router.bind(endpoint);
  await closed;
  expect(dealer.bufferedBytes).toBe(0);
  expect((await inbox.next())[1]?.equals(large)).toBe(true);
});

test('[Z34] close gives up after its linger', async () => {
  const dealer = open(new DealerSocket());
  dealer.connect(`ipc://${folder}/nobody`);
  dealer.send(hello);
  const before = performance.now();
  await dealer.close(50);
  expect(performance.now() - before).toBeLessThan(2000);
});

test('[Z34] after close nothing is called, and connect and bind fail', async () => {
  const router = open(new RouterSocket());
  const routerInbox = new Inbox(router);
  const dealer = open(new DealerSocket({ routingId: Buffer.from('gone') }));
  const inbox = new Inbox(dealer);
  const endpoint = await router.bind('tcp://127.0.0.1:0');
  dealer.connect(endpoint);
  await inbox.event('connected');
  router.send([Buffer.from('gone'), ...hello]);
  const closing = dealer.close();
  expect(dealer.close()).toBe(closing);
  await closing;
  expect((await routerInbox.event('disconnected')).type).toBe('disconnected');
  expect([inbox.messages, inbox.events]).toEqual([[], []]);
  expect(() => dealer.connect(endpoint)).toThrow(expect.objectContaining({ code: 'ZMTP_CLOSED' }));
  await expect(dealer.bind('tcp://127.0.0.1:0')).rejects.toMatchObject({ code: 'ZMTP_CLOSED' });
});

test('[Z35] a DEALER without a peer queues beyond its mark and says so', async () => {
  const dealer = open(new DealerSocket({ sendHighWaterBytes: 1000 }));
  expect(dealer.send([Buffer.alloc(900)])).toBe(true);
  expect(dealer.send([Buffer.alloc(900)])).toBe(false);
  expect(dealer.bufferedBytes).toBeGreaterThanOrEqual(1800);
  const router = open(new RouterSocket());
  const inbox = new Inbox(router);
  dealer.connect(await router.bind('tcp://127.0.0.1:0'));
  await inbox.next();
  await inbox.next();
  expect(dealer.bufferedBytes).toBe(0);
});

test('[Z46] a slow subscriber loses messages, counted; another one does not', async () => {
  const pub = open(new XPubSocket({ sendHighWaterBytes: 1_000_000 }));
  const pubInbox = new Inbox(pub);
  const endpoint = await pub.bind('tcp://127.0.0.1:0');
  const [slow, quick] = [open(new SubSocket()), open(new SubSocket())];
  slow.subscribe('');
  quick.subscribe('');
  slow.connect(endpoint);
  await pubInbox.next();
  slow.pause();
  const quickInbox = new Inbox(quick);
  quick.connect(endpoint);
  await pubInbox.next();
  let sent = 0;
  for (; pub.droppedMessages < 10; sent++) {
    const isComplete = pub.send([Buffer.alloc(100_000)]);
    expect(isComplete).toBe(pub.droppedMessages === 0);
    await until(() => quickInbox.messages.length === sent + 1, 'the quick one keeps up');
  }
  expect(sent).toBeGreaterThan(10);
});

test('[Z37] a callback that throws is an uncaught exception, and the connection goes on', async () => {
  const bundle = join(folder, 'throws.mjs');
  await build({
    stdin: { contents: throwingProgram, resolveDir: import.meta.dirname, loader: 'ts' },
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
  });
  const child = fork(bundle);
  const [result] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
  expect(result).toEqual({ caught: 10, received: 20 });
});

// Twenty messages of 5 KB to a DEALER whose callback throws at each second read; each must still come as it was sent.
const throwingProgram = `
import { DealerSocket } from './dealer-socket.ts';
import { RouterSocket } from './router-socket.ts';
let caught = 0;
let received = 0;
process.on('uncaughtException', (error) => {
  if (error.message !== 'mine') throw error;
  caught++;
  next();
});
const router = new RouterSocket();
const dealer = new DealerSocket({ routingId: Buffer.from('me') });
function next() {
  if (received < 20) router.send([Buffer.from('me'), Buffer.alloc(5000, received + 1)]);
  else process.send({ caught, received }, () => process.exit());
}
dealer.onMessages = ([[frame]]) => {
  received++;
  if (!frame.equals(Buffer.alloc(5000, received))) process.exit(1);
  if (received % 2 === 0) throw new Error('mine');
  next();
};
router.onConnection = next;
dealer.connect(await router.bind('tcp://127.0.0.1:0'));
`;
