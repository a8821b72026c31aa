// Each socket type against libzmq's, either side binding, over TCP and IPC.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import * as zmq from 'zeromq';
import {
  DealerSocket,
  PubSocket,
  RepSocket,
  ReqSocket,
  RouterSocket,
  SubSocket,
  XPubSocket,
} from './index.ts';
import { Inbox } from './testing/inbox.ts';
import { RawServer } from './testing/raw-peer.ts';
import { until } from './testing/until.ts';
import { greetingBytes } from './testing/wire.ts';

let folder: string;
const opened: { close(): unknown }[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zmtp-'));
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((socket) => socket.close()));
});

afterAll(() => rm(folder, { recursive: true }));

function open<T extends { close(): unknown }>(socket: T): T {
  opened.push(socket);
  return socket;
}

type Ours = DealerSocket | RouterSocket | SubSocket | PubSocket | XPubSocket | ReqSocket | RepSocket;
type Link = (ours: Ours, theirs: zmq.Socket) => Promise<void>;

let paths = 0;
const links: Record<string, Link> = {
  'libzmq binds TCP': (ours, theirs) => connectOurs(ours, theirs, 'tcp://127.0.0.1:*'),
  'libzmq binds IPC': (ours, theirs) => connectOurs(ours, theirs, `ipc://${folder}/${paths++}`),
  'ours binds TCP': async (ours, theirs) => theirs.connect(await ours.bind('tcp://127.0.0.1:0')),
  'ours binds IPC': async (ours, theirs) => theirs.connect(await ours.bind(`ipc://${folder}/${paths++}`)),
};

async function connectOurs(ours: Ours, theirs: zmq.Socket, endpoint: string): Promise<void> {
  await theirs.bind(endpoint);
  ours.connect(theirs.lastEndpoint ?? '');
}

function bytes(...frames: string[]): Buffer[] {
  return frames.map((frame) => Buffer.from(frame));
}

async function publish(pub: zmq.Publisher | zmq.XPublisher, end: AbortSignal): Promise<void> {
  while (!end.aborted) {
    await pub.send(['a', 'unwanted']);
    await pub.send(['bc', large]);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const large = 'x'.repeat(100_000);

describe.each(Object.entries(links))('[Z40] %s', (_name, link) => {
  test.each([
    ['ROUTER', () => new zmq.Router(), ['me']],
    ['DEALER', () => new zmq.Dealer(), []],
  ])('DEALER with %s', async (_type, make, prefix) => {
    const dealer = open(new DealerSocket({ routingId: Buffer.from('me') }));
    const inbox = new Inbox(dealer);
    const theirs = open(make());
    await link(dealer, theirs);
    dealer.send(bytes('hello', '', large));
    expect((await theirs.receive()).map(String)).toEqual([...prefix, 'hello', '', large]);
    await theirs.send([...prefix, 'back', large, '']);
    expect(await inbox.nextText()).toEqual(['back', large, '']);
  });

  test('DEALER with REP', async () => {
    const dealer = open(new DealerSocket());
    const inbox = new Inbox(dealer);
    const reply = open(new zmq.Reply());
    await link(dealer, reply);
    dealer.send(bytes('', 'question'));
    expect((await reply.receive()).map(String)).toEqual(['question']);
    await reply.send('answer');
    expect(await inbox.nextText()).toEqual(['', 'answer']);
  });

  test('ROUTER with DEALER', async () => {
    const router = open(new RouterSocket());
    const inbox = new Inbox(router);
    const dealer = open(new zmq.Dealer({ routingId: 'them' }));
    await link(router, dealer);
    await dealer.send(['hello', large]);
    expect(await inbox.nextText()).toEqual(['them', 'hello', large]);
    expect(router.send(bytes('them', 'back', large))).toBe(true);
    expect((await dealer.receive()).map(String)).toEqual(['back', large]);
  });

  test('ROUTER with REQ', async () => {
    const router = open(new RouterSocket());
    const inbox = new Inbox(router);
    const request = open(new zmq.Request());
    await link(router, request);
    await request.send('question');
    const [id, ...rest] = await inbox.next();
    expect(id?.length).toBe(5);
    expect(id?.[0]).toBe(0);
    expect(rest.map(String)).toEqual(['', 'question']);
    router.send([id!, ...bytes('', 'answer')]);
    expect((await request.receive()).map(String)).toEqual(['answer']);
  });

  test('ROUTER with ROUTER', async () => {
    const router = open(new RouterSocket({ routingId: Buffer.from('us') }));
    const inbox = new Inbox(router);
    const theirs = open(new zmq.Router({ routingId: 'them' }));
    await link(router, theirs);
    await inbox.event('connected');
    expect(router.send(bytes('them', 'hello'))).toBe(true);
    expect((await theirs.receive()).map(String)).toEqual(['us', 'hello']);
    await theirs.send(['us', 'back']);
    expect(await inbox.nextText()).toEqual(['them', 'back']);
  });

  test.each([
    ['PUB', () => new zmq.Publisher()],
    ['XPUB', () => new zmq.XPublisher()],
  ])('SUB with %s', async (_type, make) => {
    const sub = open(new SubSocket());
    const inbox = new Inbox(sub);
    sub.subscribe('b');
    const pub = open(make());
    await link(sub, pub);
    const end = new AbortController();
    const publishing = publish(pub, end.signal);
    expect(await inbox.nextText()).toEqual(['bc', large]);
    sub.subscribe(Buffer.from('a'));
    await until(() => inbox.messages.some((message) => message[0]?.toString() === 'a'), 'the new topic');
    end.abort();
    await publishing;
  });

  test.each([
    ['PUB', 'SUB', () => new PubSocket()],
    ['XPUB', 'SUB', () => new XPubSocket()],
  ])('%s with %s', async (_ours, _theirs, make) => {
    const pub = open(make());
    const sub = open(new zmq.Subscriber());
    sub.subscribe('b');
    await link(pub, sub);
    const publishing = setInterval(() => {
      pub.send(bytes('a', 'unwanted'));
      pub.send(bytes('bc', large));
    }, 2);
    try {
      for (let count = 0; count < 3; count++) {
        expect((await sub.receive()).map(String)).toEqual(['bc', large]);
      }
      sub.subscribe('a');
      let topic: string | undefined;
      while (topic !== 'a') topic = (await sub.receive())[0]?.toString();
    } finally {
      clearInterval(publishing);
    }
  });

  test('XPUB with XSUB', async () => {
    const pub = open(new XPubSocket());
    const inbox = new Inbox(pub);
    const sub = open(new zmq.XSubscriber());
    // What an XSUB sends before it has a peer, libzmq forgets.
    const handshake = new Promise<unknown>((resolve) => sub.events.on('handshake', resolve));
    await link(pub, sub);
    await handshake;
    await sub.send('\x01topic');
    expect(await inbox.nextText()).toEqual(['\x01topic']);
    pub.send(bytes('topic', 'news'));
    expect((await sub.receive()).map(String)).toEqual(['topic', 'news']);
    await sub.send('\x00topic');
    expect(await inbox.nextText()).toEqual(['\x00topic']);
  });

  test('REQ with REP', async () => {
    const request = open(new ReqSocket());
    const inbox = new Inbox(request);
    const reply = open(new zmq.Reply());
    await link(request, reply);
    for (const question of ['one', 'two']) {
      request.send(bytes(question, large));
      expect((await reply.receive()).map(String)).toEqual([question, large]);
      await reply.send([`${question}!`, large]);
      expect(await inbox.nextText()).toEqual([`${question}!`, large]);
    }
  });

  test('REQ with ROUTER', async () => {
    const request = open(new ReqSocket({ routingId: Buffer.from('me') }));
    const inbox = new Inbox(request);
    const router = open(new zmq.Router());
    await link(request, router);
    request.send(bytes('question'));
    expect((await router.receive()).map(String)).toEqual(['me', '', 'question']);
    await router.send(['me', '', 'answer']);
    expect(await inbox.nextText()).toEqual(['answer']);
  });

  test('REP with REQ', async () => {
    const reply = open(new RepSocket());
    reply.onMessages = ([message]) => reply.send([...(message ?? []), Buffer.from('!')]);
    const request = open(new zmq.Request());
    await link(reply, request);
    for (const question of ['one', 'two']) {
      await request.send([question, large]);
      expect((await request.receive()).map(String)).toEqual([question, large, '!']);
    }
  });

  test('REP with DEALER', async () => {
    const reply = open(new RepSocket());
    reply.onMessages = ([message]) => reply.send(message ?? []);
    const dealer = open(new zmq.Dealer());
    await link(reply, dealer);
    for (let count = 0; count < 300; count++) await dealer.send(['hop', '', String(count)]);
    for (let count = 0; count < 300; count++) {
      expect((await dealer.receive()).map(String)).toEqual(['hop', '', String(count)]);
    }
  });

  test('[Z49] a message of 50 MB arrives whole, both ways', async () => {
    const dealer = open(new DealerSocket());
    const inbox = new Inbox(dealer);
    const theirs = open(new zmq.Dealer());
    await link(dealer, theirs);
    const huge = Buffer.alloc(50_000_000);
    for (let offset = 0; offset < huge.length; offset += 4096) huge.writeUInt32BE(offset, offset);
    dealer.send([Buffer.from('a'), huge, Buffer.from('b')]);
    const there = await theirs.receive();
    expect([there[0]!.toString(), there[1]!.equals(huge), there[2]!.toString()]).toEqual(['a', true, 'b']);
    await theirs.send(there);
    const [first, back, last] = await inbox.next();
    expect([first!.toString(), back!.equals(huge), last!.toString()]).toEqual(['a', true, 'b']);
  });
});

test('[Z1] libzmq says the same bytes as we do, but for the padding', async () => {
  const server = open(await RawServer.listen());
  const theirs = open(new zmq.Subscriber());
  theirs.subscribe('topic');
  theirs.connect(server.endpoint);
  const ours = open(new SubSocket());
  ours.subscribe('topic');
  const conversation = async (index: number): Promise<string> => {
    const peer = await server.peer(index);
    peer.send(greetingBytes(), Buffer.from('\x04\x19\x05READY\x0bSocket-Type\0\0\0\x03PUB', 'latin1'));
    await peer.receivedAtLeast(64 + 27 + 17);
    const said = Buffer.from(peer.received);
    said.fill(0, 1, 9);
    return said.toString('latin1');
  };
  const libzmqSays = await conversation(0);
  ours.connect(server.endpoint);
  expect(await conversation(1)).toBe(libzmqSays);
});

test('[Z30] a relative IPC path', async () => {
  const theirs = open(new zmq.Reply());
  const request = open(new ReqSocket());
  const inbox = new Inbox(request);
  await theirs.bind(`ipc://${folder}/relative`);
  request.connect(`ipc://${relative(process.cwd(), `${folder}/relative`)}`);
  request.send(bytes('ping'));
  expect((await theirs.receive()).map(String)).toEqual(['ping']);
  await theirs.send('pong');
  expect(await inbox.nextText()).toEqual(['pong']);
});
