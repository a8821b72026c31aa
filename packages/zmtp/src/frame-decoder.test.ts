import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameAssembly } from './frame-assembly.ts';
import { FrameDecoder } from './frame-decoder.ts';
import { sameMessages } from './testing/same-messages.ts';
import { frameBytes, messageBytes } from './testing/wire.ts';
import { ZmtpError } from './zmtp-error.ts';

const limits = { maxMessageBytes: 2 ** 31 - 1, maxMessageFrames: 1000, maxCommandBytes: 1000 };

function makeDecoder(change: Partial<typeof limits> = {}): { decoder: FrameDecoder; commands: string[] } {
  const decoder = new FrameDecoder({ ...limits, ...change });
  const commands: string[] = [];
  decoder.acceptsMessages = true;
  decoder.onCommand = (body) => commands.push(body.toString('latin1'));
  return { decoder, commands };
}

const frameSize = fc.oneof(
  { arbitrary: fc.nat(20), weight: 6 },
  { arbitrary: fc.integer({ min: 250, max: 260 }), weight: 2 },
  { arbitrary: fc.nat(200_000), weight: 1 },
);
const messageSizes = fc.array(frameSize, { minLength: 1, maxLength: 6 });

/** Every frame's bytes differ, so that a mix-up shows. */
function fill(sizes: readonly (readonly number[])[]): Buffer[][] {
  let seed = 1;
  return sizes.map((frames) =>
    frames.map((size) => Buffer.from(Array.from({ length: size }, () => (seed = (seed * 75) % 65_537)))),
  );
}

test('[Z4] a stream split after any byte decodes to the same messages', () => {
  const messages = [['a'], ['', 'bc', ''], ['x'.repeat(300), 'd']].map((frames) =>
    frames.map((text) => Buffer.from(text)),
  );
  const stream = Buffer.concat([
    ...messages.map((frames) => messageBytes(...frames)),
    frameBytes(4, '\x04PING\0\0'),
  ]);
  for (let first = 0; first <= stream.length; first++) {
    for (let second = first; second <= stream.length; second++) {
      const { decoder, commands } = makeDecoder();
      decoder.push(stream.subarray(0, first));
      decoder.push(stream.subarray(first, second));
      decoder.push(stream.subarray(second));
      if (commands.join() !== '\x04PING\0\0') expect.fail(`commands, split at ${first} and ${second}`);
      if (!sameMessages(decoder.take(), messages)) expect.fail(`messages, split at ${first} and ${second}`);
    }
  }
});

test('[Z4] [Z11] pieces of any size, pushed or read into their place, decode to the same messages', () => {
  fc.assert(
    fc.property(
      fc.array(messageSizes, { maxLength: 6 }),
      fc.infiniteStream(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 50_000 }))),
      (sizes, pieces) => {
        const messages = fill(sizes);
        const stream = Buffer.concat(messages.map((frames) => messageBytes(...frames)));
        const { decoder } = makeDecoder();
        let position = 0;
        while (position < stream.length) {
          const [isDirect, size] = pieces.next().value;
          const missing = decoder.missing;
          if (isDirect && missing !== undefined) {
            const length = stream.copy(missing, 0, position, position + size);
            decoder.advance(length);
            position += length;
          } else {
            decoder.push(Buffer.from(stream.subarray(position, position + size)));
            position += size;
          }
        }
        expect(sameMessages(decoder.take(), messages)).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});

describe('[Z6] ZMTP_PROTOCOL', () => {
  test.each([
    ['a reserved bit', [0x08, 0]],
    ['all reserved bits', [0xf8, 0]],
    ['a command with more', [0x05, 0]],
    ['a long command with more', [0x07, 0, 0, 0, 0, 0, 0, 0, 0]],
  ])('%s', (_name, bytes) => {
    expect(() => makeDecoder().decoder.push(Buffer.from(bytes))).toThrow(
      expect.objectContaining({ code: 'ZMTP_PROTOCOL' }),
    );
  });

  test('a message before the handshake is over', () => {
    const { decoder } = makeDecoder();
    decoder.acceptsMessages = false;
    expect(() => decoder.push(messageBytes('a'))).toThrow(expect.objectContaining({ code: 'ZMTP_PROTOCOL' }));
  });
});

test('[Z7] a command between the frames of a message is taken and leaves the message whole', () => {
  const { decoder, commands } = makeDecoder();
  decoder.push(Buffer.concat([frameBytes(1, 'a'), frameBytes(4, '\x04PING\0\0'), frameBytes(0, 'b')]));
  expect(decoder.take()).toEqual([[Buffer.from('a'), Buffer.from('b')]]);
  expect(commands).toEqual(['\x04PING\0\0']);
});

test('[Z8] any bytes lead to messages, commands or a ZmtpError', () => {
  // Mostly plausible headers: bytes at random are refused at once and test little.
  const header = fc.tuple(fc.constantFrom(0, 1, 2, 3, 4, 6, 5, 0x80), fc.uint8Array({ maxLength: 12 }));
  const piece = fc.oneof(
    header.map(([flags, rest]) => Buffer.from([flags, ...rest])),
    fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const { decoder } = makeDecoder({ maxMessageBytes: 100_000, maxMessageFrames: 20 });
      try {
        for (const bytes of pieces) decoder.push(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(ZmtpError);
      }
      for (const message of decoder.take())
        expect(message.every((frame) => Buffer.isBuffer(frame))).toBe(true);
    }),
    { numRuns: 3000, seed: 37 },
  );
});

describe('[Z9] an announced size costs nothing', () => {
  test('memory is taken when a sixteenth of the frame has come', () => {
    const size = 2 ** 30;
    const assembly = new FrameAssembly(size);
    const chunk = Buffer.alloc(2 ** 20);
    for (let received = 0; received < 63; received++) assembly.add(chunk, 0);
    expect(assembly.missing()).toBeUndefined();
    assembly.add(chunk, 0);
    expect(assembly.missing()?.length).toBe(size - 64 * 2 ** 20);
  });

  test('many peers that announce 1 GiB and send a byte take no memory', () => {
    const before = process.memoryUsage().arrayBuffers;
    const announcement = Buffer.from([2, 0, 0, 0, 0, 0x40, 0, 0, 0, 1]);
    const decoders = Array.from({ length: 1000 }, () => {
      const { decoder } = makeDecoder();
      decoder.push(announcement);
      return decoder;
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6);
    expect(decoders.every((decoder) => decoder.missing === undefined)).toBe(true);
  });
});

describe('[Z10] ZMTP_TOO_LARGE as soon as announced', () => {
  const tooLarge = expect.objectContaining({ code: 'ZMTP_TOO_LARGE' });

  test.each([
    ['2^62 bytes', [2, 0x40, 0, 0, 0, 0, 0, 0, 0]],
    ['2^64 - 1 bytes', [2, 255, 255, 255, 255, 255, 255, 255, 255]],
    ['2 GiB', [2, 0, 0, 0, 0, 0x80, 0, 0, 0]],
    ['a command of 1001 bytes', [6, 0, 0, 0, 0, 0, 0, 3, 0xe9]],
  ])('%s', (_name, bytes) => {
    expect(() => makeDecoder().decoder.push(Buffer.from(bytes))).toThrow(tooLarge);
    // The same if the header is split.
    const { decoder } = makeDecoder();
    decoder.push(Buffer.from(bytes.slice(0, 4)));
    expect(() => decoder.push(Buffer.from(bytes.slice(4)))).toThrow(tooLarge);
  });

  test('the frames of one message count together, those of the next anew', () => {
    const { decoder } = makeDecoder({ maxMessageBytes: 10 });
    decoder.push(messageBytes('12345', '67890'));
    decoder.push(messageBytes('12345', '67890'));
    expect(() => decoder.push(messageBytes('12345', '678901'))).toThrow(tooLarge);
  });

  test('the number of frames', () => {
    const { decoder } = makeDecoder({ maxMessageFrames: 3 });
    decoder.push(messageBytes('', '', ''));
    expect(() => decoder.push(messageBytes('', '', '', ''))).toThrow(tooLarge);
  });
});

test('[Z11] a frame whole in its chunk is a view of it', () => {
  const { decoder } = makeDecoder();
  const chunk = messageBytes('a', 'bcd');
  decoder.push(chunk);
  const [message] = decoder.take();
  expect(message?.every((frame) => frame.buffer === chunk.buffer)).toBe(true);
});

test('[Z42] with a prefix, each message begins with it', () => {
  const { decoder } = makeDecoder();
  decoder.setPrefix(Buffer.from('id'));
  decoder.push(Buffer.concat([messageBytes('a', 'b'), messageBytes('c')]));
  expect(decoder.take().map((frames) => frames.map(String))).toEqual([
    ['id', 'a', 'b'],
    ['id', 'c'],
  ]);
});
