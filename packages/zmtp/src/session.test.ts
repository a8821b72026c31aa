import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { nullMechanism } from './null-mechanism.ts';
import { Session, type SessionStep } from './session.ts';
import type { SocketType } from './socket-type.ts';
import { frameBytes, greetingBytes, handshakeBytes, messageBytes, readyBytes } from './testing/wire.ts';

const limits = { maxMessageBytes: 1e6, maxMessageFrames: 100, maxCommandBytes: 65_536 };

function makeSession(socketType: SocketType, identity?: string): Session {
  const own: [string, Buffer][] = [['Socket-Type', Buffer.from(socketType)]];
  if (identity !== undefined) own.push(['Identity', Buffer.from(identity)]);
  return new Session({ socketType, mechanism: nullMechanism(own), limits });
}

test('[Z1] a DEALER says the bytes of the worked example', () => {
  const session = makeSession('DEALER', '');
  expect(session.greeting()).toEqual(greetingBytes());
  const { send, error } = session.push(greetingBytes());
  expect(error).toBeUndefined();
  expect(Buffer.concat(send)).toEqual(
    Buffer.from('\x04\x29\x05READY\x0bSocket-Type\0\0\0\x06DEALER\x08Identity\0\0\0\0', 'latin1'),
  );
});

test('[Z20] two sessions are ready whatever the pieces of their bytes', () => {
  fc.assert(
    fc.property(fc.infiniteStream(fc.integer({ min: 1, max: 70 })), (pieces) => {
      const sides = [makeSession('DEALER', 'me'), makeSession('ROUTER', '')] as const;
      const queues = [sides[1].greeting(), sides[0].greeting()];
      const ready = [false, false];
      for (let turn = 0; queues[0]!.length + queues[1]!.length > 0; turn++) {
        const side = turn % 2;
        const size = pieces.next().value;
        const step = sides[side]!.push(queues[side]!.subarray(0, size));
        queues[side] = queues[side]!.subarray(size);
        queues[1 - side] = Buffer.concat([queues[1 - side]!, ...step.send]);
        expect(step.error).toBeUndefined();
        if (step.ready === undefined) continue;
        ready[side] = true;
        const expected =
          side === 0 ? { socketType: 'ROUTER', routingId: '' } : { socketType: 'DEALER', routingId: 'me' };
        expect({ ...step.ready, routingId: step.ready.routingId.toString() }).toEqual({
          ...expected,
          minor: 1,
        });
      }
      expect(ready).toEqual([true, true]);
    }),
    { numRuns: 50 },
  );
});

test('[Z20] messages in the same chunk as READY are delivered with it', () => {
  const step = makeSession('SUB').push(Buffer.concat([handshakeBytes('PUB'), messageBytes('a', 'b')]));
  expect(step.ready?.socketType).toBe('PUB');
  expect(step.messages.map((frames) => frames.map(String))).toEqual([['a', 'b']]);
});

test('[Z21] every pair of socket types is as in RFC 37; a wrong one is told by ERROR', () => {
  const types = ['DEALER', 'ROUTER', 'SUB', 'PUB', 'XPUB', 'REQ', 'REP'] as const;
  const legal =
    'DEALER-DEALER DEALER-ROUTER DEALER-REP ROUTER-ROUTER ROUTER-REQ REQ-REP SUB-PUB SUB-XPUB XSUB-PUB XSUB-XPUB';
  const pairs = new Set(legal.split(' ').flatMap((pair) => [pair, pair.split('-').toReversed().join('-')]));
  for (const own of types) {
    for (const peer of [...types, 'XSUB', 'PUSH', 'PULL', 'PAIR', '', 'dealer']) {
      const { ready, error, send } = makeSession(own).push(handshakeBytes(peer));
      if (pairs.has(`${own}-${peer}`)) {
        expect(ready?.socketType).toBe(peer);
      } else {
        expect(error?.code).toBe('ZMTP_INCOMPATIBLE_SOCKET');
        expect(send.at(-1)?.includes('\x05ERROR')).toBe(true);
      }
    }
  }
});

test('[Z21] a READY without Socket-Type is incompatible', () => {
  const { error } = makeSession('DEALER').push(Buffer.concat([greetingBytes(), frameBytes(4, '\x05READY')]));
  expect(error?.code).toBe('ZMTP_INCOMPATIBLE_SOCKET');
});

function failing(...bytes: Buffer[]): SessionStep {
  return makeSession('DEALER').push(Buffer.concat(bytes));
}

test('[Z22] another mechanism, or an ERROR from the peer, ends it', () => {
  expect(failing(greetingBytes({ 12: 0x50 })).error?.code).toBe('ZMTP_MECHANISM');
  const { error } = failing(greetingBytes(), frameBytes(4, '\x05ERROR\x05no\x1bno'));
  expect(error?.code).toBe('ZMTP_REFUSED_BY_PEER');
  expect(error?.message).toContain('no?no');
});

test('[Z6] another command or a message in the handshake, or an identity over 255 bytes, is ZMTP_PROTOCOL', () => {
  expect(failing(greetingBytes(), frameBytes(4, '\x05HELLO')).error?.code).toBe('ZMTP_PROTOCOL');
  expect(failing(greetingBytes(), messageBytes('a')).error?.code).toBe('ZMTP_PROTOCOL');
  const long = Buffer.concat([
    Buffer.from('\x05READY\x0bSocket-Type\0\0\0\x06ROUTER\x08Identity\0\0\x01\0', 'latin1'),
    Buffer.alloc(256, 'i'),
  ]);
  expect(failing(greetingBytes(), frameBytes(4, long)).error?.code).toBe('ZMTP_PROTOCOL');
});

test('[Z8] what came whole before the offending bytes is delivered', () => {
  const { messages, error } = failing(
    handshakeBytes('ROUTER'),
    messageBytes('good'),
    Buffer.from([0xff, 0xff]),
  );
  expect(messages.map((frames) => frames.map(String))).toEqual([['good']]);
  expect(error?.code).toBe('ZMTP_PROTOCOL');
});

test('[Z8] any bytes after a good start lead to a step, never to another error', () => {
  const start = fc.constantFrom(
    Buffer.alloc(0),
    greetingBytes(),
    handshakeBytes('ROUTER'),
    readyBytes('ROUTER'),
  );
  const command = fc
    .tuple(fc.constantFrom('READY', 'ERROR', 'PING', 'SUBSCRIBE', ''), fc.uint8Array({ maxLength: 40 }))
    .map(([name, data]) =>
      frameBytes(4, Buffer.concat([Buffer.from([name.length]), Buffer.from(name), data])),
    );
  const noise = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(start, fc.array(fc.oneof(command, noise), { maxLength: 8 }), (first, pieces) => {
      const session = makeSession('DEALER');
      for (const bytes of [first, ...pieces]) if (session.push(bytes).error !== undefined) break;
    }),
    { numRuns: 2000, seed: 37 },
  );
});
