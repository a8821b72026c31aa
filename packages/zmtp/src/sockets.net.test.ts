// What each socket type promises beyond exchanging messages (interop.net.test.ts), ours with ours.
import { expect, test } from 'vitest';
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
import { useOpened } from './testing/opened.ts';
import { rawConnect, RawServer } from './testing/raw-peer.ts';
import { until } from './testing/until.ts';
import { handshakeBytes, messageBytes } from './testing/wire.ts';

const open = useOpened();
const anyPort = 'tcp://127.0.0.1:0';

function bytes(...frames: string[]): Buffer[] {
  return frames.map((frame) => Buffer.from(frame));
}

test('[Z41] a DEALER sends to its peers in turn, and goes on with the others when one is gone', async () => {
  const dealer = open(new DealerSocket());
  const dealerInbox = new Inbox(dealer);
  const routers = [open(new RouterSocket()), open(new RouterSocket())];
  const inboxes = routers.map((router) => new Inbox(router));
  for (const router of routers) {
    dealer.connect(await router.bind(anyPort));
    await dealerInbox.event('connected');
  }
  for (let index = 0; index < 10; index++) dealer.send(bytes(String(index)));
  await until(() => inboxes.every((inbox) => inbox.messages.length === 5), 'five each');
  await routers[0]?.close();
  await dealerInbox.event('disconnected');
  for (let index = 0; index < 10; index++) dealer.send(bytes(String(index)));
  await until(() => inboxes[1]?.messages.length === 15, 'ten more');
});

test('[Z41] connecting twice to one endpoint is one connection', async () => {
  const router = open(new RouterSocket());
  const inbox = new Inbox(router);
  const endpoint = await router.bind(anyPort);
  const dealer = open(new DealerSocket());
  dealer.connect(endpoint);
  dealer.connect(endpoint);
  const last = open(new DealerSocket());
  last.connect(endpoint);
  await until(() => inbox.events.length >= 2, 'both sockets');
  expect(inbox.events).toHaveLength(2);
});

test('[Z41] a message without frames is refused', () => {
  expect(() => open(new DealerSocket()).send([])).toThrow(
    expect.objectContaining({ code: 'ZMTP_BAD_MESSAGE' }),
  );
});

test('[Z42] an unknown routing id: false, and dropped', async () => {
  const router = open(new RouterSocket());
  expect(router.send(bytes('nobody', 'hello'))).toBe(false);
  expect(router.bufferedBytes).toBe(0);
});

test('[Z43] a second peer with the same identity takes it over', async () => {
  const router = open(new RouterSocket());
  const inbox = new Inbox(router);
  const endpoint = await router.bind(anyPort);
  const first = await rawConnect(endpoint);
  first.send(handshakeBytes('DEALER', 'same'));
  await inbox.event('connected');
  const second = await rawConnect(endpoint);
  second.send(handshakeBytes('DEALER', 'same'));
  await first.closed();
  expect(await inbox.event('disconnected')).toMatchObject({ error: { code: 'ZMTP_DUPLICATE_IDENTITY' } });
  expect(router.send(bytes('same', 'hello'))).toBe(true);
  await until(() => second.received.includes('hello'), 'the message at the second');
});

test('[Z43] without handover the second is refused', async () => {
  const router = open(new RouterSocket({ handover: false }));
  const inbox = new Inbox(router);
  const endpoint = await router.bind(anyPort);
  const first = await rawConnect(endpoint);
  first.send(handshakeBytes('DEALER', 'same'));
  await inbox.event('connected');
  const second = await rawConnect(endpoint);
  second.send(handshakeBytes('DEALER', 'same'));
  await second.closed();
  expect(await inbox.event('refused')).toMatchObject({ error: { code: 'ZMTP_DUPLICATE_IDENTITY' } });
  expect(router.send(bytes('same', 'hello'))).toBe(true);
  await until(() => first.received.includes('hello'), 'the message at the first');
});

test('[Z45] what arrives after unsubscribe is not delivered', async () => {
  const server = open(await RawServer.listen());
  const sub = open(new SubSocket());
  const inbox = new Inbox(sub);
  sub.subscribe('a');
  sub.subscribe('b');
  sub.connect(server.endpoint);
  const peer = await server.peer(0);
  peer.send(handshakeBytes('PUB'));
  await inbox.event('connected');
  sub.unsubscribe('a');
  // A publisher that has not heard of it yet.
  peer.send(messageBytes('a1'), messageBytes('b1'), messageBytes(''));
  expect(await inbox.nextText()).toEqual(['b1']);
  peer.send(messageBytes('b2'));
  expect(await inbox.nextText()).toEqual(['b2']);
});

test('[Z45] each subscriber gets what it asked for', async () => {
  const pub = open(new XPubSocket());
  const pubInbox = new Inbox(pub);
  const endpoint = await pub.bind(anyPort);
  const inboxes: Inbox[] = [];
  for (const topic of ['', 'a', 'ab', 'b']) {
    const sub = open(new SubSocket());
    sub.subscribe(topic);
    sub.connect(endpoint);
    inboxes.push(new Inbox(sub));
    await pubInbox.next();
  }
  for (const topic of ['a', 'abc', 'b', 'end', '']) pub.send(bytes(topic));
  pub.send(bytes('ab last'));
  pub.send(bytes('b last'));
  const received = (): string[][] => inboxes.map((inbox) => inbox.messages.map(([topic]) => String(topic)));
  await until(
    () =>
      received()
        .flat()
        .filter((topic) => topic.endsWith('last')).length === 5,
    'the last ones',
  );
  expect(received()).toEqual([
    ['a', 'abc', 'b', 'end', '', 'ab last', 'b last'],
    ['a', 'abc', 'ab last'],
    ['abc', 'ab last'],
    ['b', 'b last'],
  ]);
});

test('[Z47] an XPUB hears of each subscriber’s topics, and of their end', async () => {
  const pub = open(new XPubSocket());
  const inbox = new Inbox(pub);
  const endpoint = await pub.bind(anyPort);
  const [one, two] = [open(new SubSocket()), open(new SubSocket())];
  one.subscribe('x');
  one.connect(endpoint);
  expect(await inbox.nextText()).toEqual(['\x01x']);
  two.subscribe('x');
  two.connect(endpoint);
  expect(await inbox.nextText()).toEqual(['\x01x']);
  one.subscribe('x');
  one.unsubscribe('x');
  one.unsubscribe('x');
  expect(await inbox.nextText()).toEqual(['\x00x']);
  await two.close();
  expect(await inbox.nextText()).toEqual(['\x00x']);
  expect(inbox.messages).toEqual([]);
});

test('[Z40] PUB without subscribers sends nowhere', async () => {
  const pub = open(new PubSocket());
  await pub.bind(anyPort);
  expect(pub.send(bytes('a'))).toBe(true);
  expect([pub.bufferedBytes, pub.droppedMessages]).toEqual([0, 0]);
});

test('[Z48] REQ: one request at a time, freed by its reply', async () => {
  const reply = open(new RepSocket());
  const replyInbox = new Inbox(reply);
  const request = open(new ReqSocket());
  const inbox = new Inbox(request);
  request.connect(await reply.bind(anyPort));
  request.send(bytes('one'));
  expect(() => request.send(bytes('two'))).toThrow(expect.objectContaining({ code: 'ZMTP_STATE' }));
  await replyInbox.next();
  reply.send(bytes('answer'));
  expect(() => reply.send(bytes('again'))).toThrow(expect.objectContaining({ code: 'ZMTP_STATE' }));
  expect(await inbox.nextText()).toEqual(['answer']);
  expect(request.isWaiting).toBe(false);
});

test('[Z48] REQ: a lost connection frees it, a reply that nobody waits for is dropped', async () => {
  const server = open(await RawServer.listen());
  const request = open(new ReqSocket({ reconnectMs: 1 }));
  const inbox = new Inbox(request);
  request.connect(server.endpoint);
  request.send(bytes('lost'));
  const first = await server.peer(0);
  first.send(handshakeBytes('REP'));
  await until(() => first.received.includes('lost'), 'the request');
  first.socket.destroy();
  await inbox.event('disconnected');
  expect(request.isWaiting).toBe(false);
  const second = await server.peer(1);
  second.send(handshakeBytes('REP'), messageBytes('', 'unasked'));
  await inbox.event('connected');
  request.send(bytes('asked'));
  await until(() => second.received.includes('asked'), 'the request');
  second.send(messageBytes('no delimiter'), messageBytes('', 'answer'), messageBytes('', 'twice'));
  expect(await inbox.nextText()).toEqual(['answer']);
  expect(inbox.messages).toEqual([]);
});

test('[Z48] REP: requests come one at a time, each answered to its own peer', async () => {
  const reply = open(new RepSocket());
  const inbox = new Inbox(reply);
  const endpoint = await reply.bind(anyPort);
  const requests = [open(new ReqSocket()), open(new ReqSocket())];
  const answers = requests.map((request) => new Inbox(request));
  requests[0]?.connect(endpoint);
  requests[0]?.send(bytes('0'));
  await until(() => inbox.messages.length === 1, 'the first');
  requests[1]?.connect(endpoint);
  await inbox.event('connected');
  requests[1]?.send(bytes('1'));
  expect(await inbox.nextText()).toEqual(['0']);
  reply.send(bytes('to 0'));
  expect(await answers[0]?.nextText()).toEqual(['to 0']);
  expect(await inbox.nextText()).toEqual(['1']);
  reply.send(bytes('to 1'));
  expect(await answers[1]?.nextText()).toEqual(['to 1']);
});

test('[Z48] REP: a request whose peer is gone is answered to nobody', async () => {
  const reply = open(new RepSocket());
  const inbox = new Inbox(reply);
  const peer = await rawConnect(await reply.bind(anyPort));
  peer.send(handshakeBytes('REQ'), messageBytes('', 'question'));
  await inbox.next();
  peer.socket.destroy();
  await inbox.event('disconnected');
  expect(reply.send(bytes('answer'))).toBe(false);
});

test('[Z48] REP: a peer with a hundred unanswered requests is not read any further', async () => {
  const reply = open(new RepSocket());
  const inbox = new Inbox(reply);
  const dealer = open(new DealerSocket());
  const answers = new Inbox(dealer);
  dealer.connect(await reply.bind(anyPort));
  await answers.event('connected');
  const large = Buffer.alloc(100_000);
  for (let index = 0; index < 1000; index++) dealer.send([Buffer.alloc(0), large]);
  await inbox.next();
  // It has stopped when what the dealer has queued no longer shrinks: most of 100 MB.
  let before = -1;
  await until(() => {
    const isSteady = dealer.bufferedBytes === before;
    before = dealer.bufferedBytes;
    return isSteady;
  }, 'the pipe is full');
  expect(dealer.bufferedBytes).toBeGreaterThan(50_000_000);
  reply.onMessages = ([message]) => reply.send([message?.[0] ?? large]);
  reply.send([large]);
  await until(() => answers.messages.length === 1000, 'all answers', 20_000);
});
