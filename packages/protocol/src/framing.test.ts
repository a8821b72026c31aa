import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeDefault, encodeDefault } from './default-framing.ts';
import { chooseFraming, decodeClientFrame, encodeFrames, type Framing } from './framing.ts';
import { toRaw, type Channel, type RawMessage } from './message.ts';
import { ProtocolError } from './protocol-error.ts';
import { decodeV1, encodeV1, v1Size } from './v1-framing.ts';
import { frameAt } from './websocket-frame.ts';

const channel = fc.constantFrom<Channel>('shell', 'control', 'stdin', 'iopub');
const jsonObject = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 4 }));
const rawMessage = fc
  .record({
    channel,
    header: fc.record({ msg_id: fc.string(), msg_type: fc.string(), session: fc.string() }),
    parent_header: jsonObject,
    metadata: jsonObject,
    content: jsonObject,
    buffers: fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 }),
  })
  .map((fields): RawMessage =>
    toRaw({
      ...fields,
      header: { ...fields.header, username: '', date: '', version: '5.4' },
      buffers: fields.buffers.map((bytes) => Buffer.from(bytes)),
    }),
  );

/** As nested arrays of bytes, which compare whatever memory they are views of. */
function plain(message: RawMessage): unknown {
  const { header, parentHeader, metadata, content, buffers } = message;
  return [message.channel, ...[header, parentHeader, metadata, content, ...buffers].map((part) => [...part])];
}

function outcome(decode: () => unknown): 'decoded' | 'refused' {
  try {
    decode();
    return 'decoded';
  } catch (error) {
    if (error instanceof ProtocolError && error.code === 'PROTOCOL_MALFORMED_FRAME') return 'refused';
    throw error;
  }
}

test('[W1] a v1 frame is the table of offsets and the parts, byte for byte', () => {
  const part = (text: string): Buffer => Buffer.from(text);
  const frame = encodeV1({
    channel: 'iopub',
    header: part('{"a":1}'),
    parentHeader: part('{}'),
    metadata: part('{}'),
    content: part('{"b":2}'),
    buffers: [part('xyz')],
  });
  const offsets = [7, 64, 69, 76, 78, 80, 87, 90];
  const table = Buffer.alloc(64);
  offsets.forEach((offset, index) => table.writeBigUInt64LE(BigInt(offset), 8 * index));
  expect(frame).toEqual(Buffer.concat([table, part('iopub{"a":1}{}{}{"b":2}xyz')]));
});

test('[W1] v1 decodes to the very parts that were encoded', () => {
  fc.assert(
    fc.property(rawMessage, (message) => {
      const bytes = encodeV1(message);
      expect(bytes.length).toBe(v1Size(message));
      expect(plain(decodeV1(bytes))).toEqual(plain(message));
    }),
  );
});

test('[W2] in the default framing parts arrive as the bytes that they were, with buffers or without', () => {
  fc.assert(
    fc.property(rawMessage, (message) => {
      const { bytes, isBinary } = encodeDefault(message);
      expect(isBinary).toBe(message.buffers.length > 0);
      expect(plain(decodeDefault(bytes, isBinary))).toEqual(plain(message));
    }),
  );
});

test('[W2] a text frame is JSON with what clients of that framing read', () => {
  fc.assert(
    fc.property(rawMessage, (message) => {
      const { bytes } = encodeDefault({ ...message, buffers: [] });
      const parsed = JSON.parse(bytes.toString()) as Record<string, unknown>;
      const header = JSON.parse(message.header.toString()) as { msg_id: string; msg_type: string };
      expect(parsed).toEqual({
        header,
        msg_id: header.msg_id,
        msg_type: header.msg_type,
        parent_header: JSON.parse(message.parentHeader.toString()) as unknown,
        metadata: JSON.parse(message.metadata.toString()) as unknown,
        content: JSON.parse(message.content.toString()) as unknown,
        buffers: [],
        channel: message.channel,
      });
    }),
  );
});

test('[W3] what a kernel says that is not UTF-8 is replaced in a text frame, and passed as it is in v1', () => {
  const content = Buffer.concat([Buffer.from('{"text":"'), Buffer.from([0xff, 0xc3]), Buffer.from('"}')]);
  const empty = Buffer.from('{}');
  const message: RawMessage = {
    channel: 'iopub',
    header: empty,
    parentHeader: empty,
    metadata: empty,
    content,
    buffers: [],
  };
  const { bytes } = encodeDefault(message);
  const parsed = JSON.parse(bytes.toString()) as { content: { text: string } };
  expect(parsed.content.text).toContain('\ufffd');
  expect(decodeV1(encodeV1(message)).content).toEqual(content);
});

test('[W4] a client may leave parts out, or send null; its channel is shell then', () => {
  const decoded = decodeDefault(
    Buffer.from('{"header":{"msg_id":"1"},"metadata":null,"channel":null}'),
    false,
  );
  expect(decoded.channel).toBe('shell');
  expect(decoded.metadata.toString()).toBe('{}');
  expect(decoded.content.toString()).toBe('{}');
  expect(decoded.header.toString()).toBe('{"msg_id":"1"}');
});

test('[W4] numbers that JavaScript cannot hold arrive as they were written', () => {
  const text = '{"header":{},"content":{"big":123456789012345678901234567890,"float":1.0}}';
  expect(decodeDefault(Buffer.from(text), false).content.toString()).toBe(
    '{"big":123456789012345678901234567890,"float":1.0}',
  );
});

test('[W5] any bytes are decoded or refused in each framing, and nothing else happens', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, isBinary) => {
      const buffer = Buffer.from(bytes);
      for (const framing of ['v1', 'default', 'numbered'] satisfies Framing[]) {
        outcome(() => decodeClientFrame(framing, buffer, isBinary));
      }
    }),
    { numRuns: 2000 },
  );
});

test('[W5] a frame with any one byte changed is decoded or refused', () => {
  fc.assert(
    fc.property(rawMessage, fc.nat(), fc.integer({ min: 0, max: 255 }), (message, position, value) => {
      const v1 = encodeV1(message);
      v1[position % v1.length] = value;
      outcome(() => decodeV1(v1));
      const { bytes, isBinary } = encodeDefault(message);
      bytes[position % bytes.length] = value;
      outcome(() => decodeDefault(bytes, isBinary));
    }),
    { numRuns: 2000 },
  );
});

test('[W5] offsets that run backwards, lie in the table or beyond the end are refused', () => {
  const good = encodeV1({
    channel: 'shell',
    header: Buffer.from('{}'),
    parentHeader: Buffer.from('{}'),
    metadata: Buffer.from('{}'),
    content: Buffer.from('{}'),
    buffers: [],
  });
  for (const [index, value] of [
    [0, 5n],
    [0, 2n ** 63n],
    [1, 0n],
    [2, 1000n],
    [3, 57n],
    [6, 2n ** 60n],
  ] as const) {
    const bad = Buffer.from(good);
    bad.writeBigUInt64LE(value, 8 * index);
    expect(outcome(() => decodeV1(bad))).toBe('refused');
  }
});

test('[W6] JSON of any depth in a text frame is passed on, not followed', () => {
  const deep = `{"header":{},"content":${'{"a":['.repeat(500_000)}${']}'.repeat(500_000)}}`;
  const started = performance.now();
  expect(decodeDefault(Buffer.from(deep), false).content.length).toBe(8 * 500_000);
  expect(performance.now() - started).toBeLessThan(2000);
  expect(outcome(() => decodeDefault(Buffer.from(deep.slice(0, -5)), false))).toBe('refused');
});

test('[W7] frames of a batch are WebSocket frames one after another, in each framing', () => {
  fc.assert(
    fc.property(
      fc.array(rawMessage, { minLength: 1, maxLength: 5 }),
      fc.nat({ max: 2 ** 40 }),
      (messages, first) => {
        for (const framing of ['v1', 'default', 'numbered'] satisfies Framing[]) {
          const bytes = encodeFrames(framing, messages, (index) => first + index);
          let at = 0;
          messages.forEach((message, index) => {
            const { start, end, opcode } = frameAt(bytes, at)!;
            at = end;
            const payload = bytes.subarray(start, end);
            if (framing === 'numbered') expect(Number(payload.readBigUInt64LE(0))).toBe(first + index);
            const decoded =
              framing === 'default'
                ? decodeDefault(payload, opcode === 2)
                : decodeV1(framing === 'numbered' ? payload.subarray(8) : payload);
            expect(plain(decoded)).toEqual(plain(message));
          });
          expect(at).toBe(bytes.length);
        }
      },
    ),
  );
});

test('[W7] a frame header says lengths of one, two and eight bytes', () => {
  const empty = Buffer.from('{}');
  for (const length of [10, 200, 70_000]) {
    const message: RawMessage = {
      channel: 'iopub',
      header: empty,
      parentHeader: empty,
      metadata: empty,
      content: Buffer.alloc(length, 0x20),
      buffers: [],
    };
    const bytes = encodeFrames('v1', [message], () => 0);
    expect(frameAt(bytes, 0)).toMatchObject({ end: bytes.length, start: bytes.length - v1Size(message) });
    expect(frameAt(bytes.subarray(0, -1), 0)).toBeUndefined();
  }
});

test('[W8] ours is chosen if offered, then v1; whoever offers neither speaks the default framing', () => {
  const [v1, ours] = ['v1.kernel.websocket.jupyter.org', 'v1.kernel.websocket.perijove.dev'] as const;
  expect(chooseFraming([v1])).toEqual({ framing: 'v1', subprotocol: v1 });
  expect(chooseFraming([v1, ours])).toEqual({ framing: 'numbered', subprotocol: ours });
  expect(chooseFraming([])).toEqual({ framing: 'default' });
  expect(chooseFraming(['graphql-ws'])).toEqual({ framing: 'default' });
});
