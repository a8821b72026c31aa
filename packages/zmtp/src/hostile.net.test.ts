// Peers that break the protocol, or misuse it, on real sockets.
import { expect, test } from 'vitest';
import { DealerSocket, PubSocket, RouterSocket, SubSocket, XPubSocket } from './index.ts';
import { Inbox } from './testing/inbox.ts';
import { useOpened } from './testing/opened.ts';
import { rawConnect, RawServer, type RawPeer } from './testing/raw-peer.ts';
import { until } from './testing/until.ts';
import { frameBytes, greetingBytes, handshakeBytes, messageBytes } from './testing/wire.ts';

const open = useOpened();

/** The first error that a connection ends with. */
async function errorOf(inbox: Inbox, type: 'refused' | 'disconnected'): Promise<string | undefined> {
  const event = await inbox.event(type);
  return event.type === 'connected' ? undefined : event.error?.code;
}

async function shaken(
  socket: { bind(endpoint: string): Promise<string> },
  peerType: string,
): Promise<RawPeer> {
  const peer = await rawConnect(await socket.bind('tcp://127.0.0.1:0'));
  peer.send(handshakeBytes(peerType));
  return peer;
}

test.each([
  ['a web browser', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'ZMTP_PROTOCOL'],
  ['ZMTP 2.0', greetingBytes({ 10: 1 }), 'ZMTP_PROTOCOL'],
  ['a message at once', Buffer.concat([greetingBytes(), messageBytes('a')]), 'ZMTP_PROTOCOL'],
  ['another mechanism', greetingBytes({ 12: 0x50 }), 'ZMTP_MECHANISM'],
  ['a publisher', handshakeBytes('PUB'), 'ZMTP_INCOMPATIBLE_SOCKET'],
  [
    'a huge READY',
    Buffer.concat([greetingBytes(), Buffer.from([6, 0, 0, 0, 0, 0, 1, 0, 1])]),
    'ZMTP_TOO_LARGE',
  ],
  ['an ERROR', Buffer.concat([greetingBytes(), frameBytes(4, '\x05ERROR\x02no')]), 'ZMTP_REFUSED_BY_PEER'],
])('[Z8] %s is refused, and others are served', async (_name, bytes, code) => {
  const router = open(new RouterSocket());
  const inbox = new Inbox(router);
  const endpoint = await router.bind('tcp://127.0.0.1:0');
  const peer = await rawConnect(endpoint);
  peer.send(bytes);
  expect(await errorOf(inbox, 'refused')).toBe(code);
  await peer.closed();
  const dealer = open(new DealerSocket({ routingId: Buffer.from('good') }));
  dealer.connect(endpoint);
  dealer.send([Buffer.from('hello')]);
  expect(await inbox.nextText()).toEqual(['good', 'hello']);
});

test('[Z21] a peer of the wrong type is told so by an ERROR', async () => {
  const peer = await shaken(open(new RouterSocket()), 'PUB');
  await peer.closed();
  expect(peer.received.toString('latin1')).toContain('\x05ERROR\x18Incompatible socket type');
});

test.each([
  ['2^62 bytes', Buffer.from([2, 0x40, 0, 0, 0, 0, 0, 0, 0]), 'ZMTP_TOO_LARGE'],
  ['garbage', Buffer.from('garbage'), 'ZMTP_PROTOCOL'],
  ['an ERROR', frameBytes(4, '\x05ERROR\x02no'), 'ZMTP_REFUSED_BY_PEER'],
  ['a command without a name', frameBytes(4, ''), 'ZMTP_PROTOCOL'],
])('[Z10] after the handshake, %s ends the connection with an error', async (_name, bytes, code) => {
  const router = open(new RouterSocket());
  const inbox = new Inbox(router);
  const peer = await shaken(router, 'DEALER');
  peer.send(messageBytes('good'), bytes);
  expect(await errorOf(inbox, 'disconnected')).toBe(code);
  expect(inbox.messages[0]?.[1]?.toString()).toBe('good');
  await peer.closed();
});

test('[Z10] maxMessageBytes and maxMessageFrames', async () => {
  const router = open(new RouterSocket({ maxMessageBytes: 1000, maxMessageFrames: 3 }));
  const inbox = new Inbox(router);
  const endpoint = await router.bind('tcp://127.0.0.1:0');
  for (const frames of [['x'.repeat(1001)], ['', '', '', '']]) {
    const peer = await rawConnect(endpoint);
    peer.send(handshakeBytes('DEALER'), messageBytes('x'.repeat(1000)), messageBytes(...frames));
    expect(await errorOf(inbox, 'disconnected')).toBe('ZMTP_TOO_LARGE');
    expect((await inbox.next())[1]?.length).toBe(1000);
    expect(inbox.messages).toEqual([]);
  }
});

test('[Z23] a peer that stalls in the handshake is refused, accepted or connected to', async () => {
  const router = open(new RouterSocket({ handshakeTimeoutMs: 50 }));
  const routerInbox = new Inbox(router);
  const peer = await rawConnect(await router.bind('tcp://127.0.0.1:0'));
  peer.send(greetingBytes().subarray(0, 20));
  expect(await errorOf(routerInbox, 'refused')).toBe('ZMTP_HANDSHAKE_TIMEOUT');
  await peer.closed();

  const server = open(await RawServer.listen());
  const dealer = open(new DealerSocket({ handshakeTimeoutMs: 50 }));
  const dealerInbox = new Inbox(dealer);
  dealer.connect(server.endpoint);
  (await server.peer(0)).send(greetingBytes());
  expect(await errorOf(dealerInbox, 'refused')).toBe('ZMTP_HANDSHAKE_TIMEOUT');
  // And it tries again.
  (await server.peer(1)).send(handshakeBytes('ROUTER'));
  await dealerInbox.event('connected');
});

test('[Z24] only so many peers may be in the handshake', async () => {
  const router = open(new RouterSocket({ maxHandshakes: 2 }));
  const inbox = new Inbox(router);
  const endpoint = await router.bind('tcp://127.0.0.1:0');
  const through = await rawConnect(endpoint);
  through.send(handshakeBytes('DEALER'));
  await inbox.event('connected');
  const waiting = [await rawConnect(endpoint), await rawConnect(endpoint)];
  await Promise.all(waiting.map((peer) => peer.receivedAtLeast(64)));
  const tooMany = await rawConnect(endpoint);
  await tooMany.closed();
  expect(await errorOf(inbox, 'refused')).toBe('ZMTP_TOO_MANY_HANDSHAKES');
  waiting[0]?.send(handshakeBytes('DEALER'));
  await inbox.event('connected');
  (await rawConnect(endpoint)).send(handshakeBytes('DEALER'));
  await inbox.event('connected');
});

test('[Z25] PING is answered with its context', async () => {
  const peer = await shaken(open(new RouterSocket()), 'DEALER');
  await peer.receivedAtLeast(64 + 40);
  const before = peer.received.length;
  peer.send(frameBytes(4, '\x04PING\0\0context'), frameBytes(4, '\x04PONG'), frameBytes(4, '\x04PING\0\0'));
  await peer.receivedAtLeast(before + 14 + 7);
  expect(peer.received.subarray(before).toString('latin1')).toBe('\x04\x0c\x04PONGcontext\x04\x05\x04PONG');
});

test('[Z25] a peer silent for longer than the TTL of its PING is disconnected, one that speaks is not', async () => {
  const router = open(new RouterSocket());
  const inbox = new Inbox(router);
  const peer = await shaken(router, 'DEALER');
  const ping = frameBytes(4, Buffer.from('\x04PING\0\x01', 'latin1'));
  peer.send(ping, messageBytes('first'));
  await inbox.next();
  await peer.receivedAtLeast(64 + 40 + 7);
  peer.send(messageBytes('in time'));
  await inbox.next();
  expect(inbox.events.map((event) => event.type)).toEqual(['connected']);
  peer.send(ping);
  expect(await errorOf(inbox, 'disconnected')).toBe('ZMTP_PEER_TIMEOUT');
});

test('[Z25] a peer that pings and does not read does not fill our memory with answers', async () => {
  const router = open(new RouterSocket());
  const inbox = new Inbox(router);
  const peer = await shaken(router, 'DEALER');
  peer.socket.pause();
  const pings = Buffer.concat(Array<Buffer>(50_000).fill(frameBytes(4, '\x04PING\0\x000123456789abcdef')));
  for (let round = 0; round < 20; round++) peer.send(pings);
  peer.send(messageBytes('after'));
  await inbox.next();
  expect(router.bufferedBytes).toBeLessThan(200_000);
});

test('[Z26] unknown commands are ignored', async () => {
  const router = open(new RouterSocket());
  const inbox = new Inbox(router);
  const peer = await shaken(router, 'DEALER');
  peer.send(frameBytes(4, '\x04JOINgroup'), frameBytes(4, '\x09SUBSCRIBEx'), messageBytes('still here'));
  expect((await inbox.next())[1]?.toString()).toBe('still here');
});

test('[Z42] an identity that a ROUTER could have made up is refused', async () => {
  const router = open(new RouterSocket());
  const inbox = new Inbox(router);
  const peer = await rawConnect(await router.bind('tcp://127.0.0.1:0'));
  peer.send(handshakeBytes('DEALER', '\0abcd'));
  expect(await errorOf(inbox, 'refused')).toBe('ZMTP_PROTOCOL');
});

test('[Z44] subscriptions are messages for a publisher of ZMTP 3.0, commands for one of 3.1', async () => {
  const server = open(await RawServer.listen());
  const sub = open(new SubSocket());
  sub.subscribe('topic');
  sub.connect(server.endpoint);
  const says: Record<number, string[]> = {
    0: ['\x00\x06\x01topic', '\x00\x06\x00topic'],
    1: ['\x04\x0f\x09SUBSCRIBEtopic', '\x04\x0c\x06CANCELtopic'],
  };
  for (const minor of [0, 1]) {
    const peer = await server.peer(minor);
    peer.send(handshakeBytes('PUB').fill(minor, 11, 12));
    if (minor === 1) sub.subscribe('topic');
    const [subscribe, cancel] = says[minor] ?? [];
    await until(() => peer.received.includes(subscribe!, 0, 'latin1'), 'a subscription');
    sub.unsubscribe('topic');
    await until(() => peer.received.includes(cancel!, 0, 'latin1'), 'its cancellation');
    peer.socket.destroy();
  }
});

test.each([
  ['3.0', messageBytes('\x01topic'), messageBytes('\x00topic')],
  ['3.1', frameBytes(4, '\x09SUBSCRIBEtopic'), frameBytes(4, '\x06CANCELtopic')],
])('[Z44] PUB and XPUB take the subscriptions of ZMTP %s', async (_version, subscribe, cancel) => {
  const pub = open(new XPubSocket());
  const inbox = new Inbox(pub);
  const peer = await shaken(pub, 'SUB');
  peer.send(subscribe);
  expect(await inbox.nextText()).toEqual(['\x01topic']);
  pub.send([Buffer.from('topic')]);
  peer.send(cancel);
  expect(await inbox.nextText()).toEqual(['\x00topic']);
  pub.send([Buffer.from('topic again')]);
  peer.send(subscribe);
  await inbox.next();
  pub.send([Buffer.from('topic!')]);
  await until(() => peer.received.includes('topic!'), 'the last message');
  expect(peer.received.includes('topic again')).toBe(false);
});

test.each([
  ['PUB', () => new PubSocket({ maxSubscriptionBytes: 1000 })],
  ['XPUB', () => new XPubSocket({ maxSubscriptionBytes: 1000 })],
])('[Z46] too many topics end the connection of the one that asks, at a %s', async (_type, make) => {
  const pub = open(make());
  const inbox = new Inbox(pub);
  const peer = await shaken(pub, 'SUB');
  for (let index = 0; index < 20; index++) peer.send(frameBytes(4, `\x09SUBSCRIBE${index}`));
  expect(await errorOf(inbox, 'disconnected')).toBe('ZMTP_TOO_LARGE');
});
