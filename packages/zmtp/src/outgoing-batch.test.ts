import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameDecoder } from './frame-decoder.ts';
import { OutgoingBatch } from './outgoing-batch.ts';
import { sameMessages } from './testing/same-messages.ts';
import { messageBytes } from './testing/wire.ts';

function encode(...messages: Buffer[][]): Buffer {
  const batch = new OutgoingBatch();
  for (const message of messages) batch.addMessage(message);
  return Buffer.concat(batch.take());
}

test('[Z1] frames of 0, 255, 256 and 70 000 bytes, with and without more', () => {
  const frames = [0, 255, 256, 70_000].map((size) => Buffer.alloc(size, 'x'));
  expect(encode(frames).equals(messageBytes(...frames))).toBe(true);
  expect(encode([Buffer.from('a')])).toEqual(Buffer.from([0, 1, 97]));
});

test('[Z5] what is encoded decodes to itself', () => {
  const size = fc.oneof({ arbitrary: fc.nat(300), weight: 8 }, { arbitrary: fc.nat(80_000), weight: 1 });
  const message = fc.array(size, { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 20 }), (sizes) => {
      const messages = sizes.map((frames, index) => frames.map((bytes) => Buffer.alloc(bytes, index + 1)));
      const decoder = new FrameDecoder({ maxMessageBytes: 1e9, maxMessageFrames: 100, maxCommandBytes: 100 });
      decoder.acceptsMessages = true;
      decoder.push(encode(...messages));
      expect(sameMessages(decoder.take(), messages)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test('[Z12] small frames leave in one buffer, a large one from its own memory', () => {
  const batch = new OutgoingBatch();
  const large = Buffer.alloc(8192);
  batch.addMessage([Buffer.from('a'), Buffer.from('b')]);
  batch.addMessage([large, Buffer.from('c')]);
  expect(batch.bytes).toBe(2 + 1 + 2 + 1 + 9 + 8192 + 2 + 1);
  const buffers = batch.take();
  expect(buffers.map((buffer) => buffer.length)).toEqual([15, 8192, 3]);
  expect(buffers[1]).toBe(large);
  expect(batch.bytes).toBe(0);
  expect(batch.take()).toEqual([]);
});

test('[Z12] what was taken is not written to by what is added later', () => {
  const batch = new OutgoingBatch();
  const taken: Buffer[] = [];
  for (let index = 0; index < 3000; index++) {
    batch.addMessage([Buffer.alloc(index % 97, index)]);
    if (index % 7 === 0) taken.push(...batch.take());
  }
  taken.push(...batch.take());
  const expected = Array.from({ length: 3000 }, (_, index) => messageBytes(Buffer.alloc(index % 97, index)));
  expect(Buffer.concat(taken).equals(Buffer.concat(expected))).toBe(true);
});
