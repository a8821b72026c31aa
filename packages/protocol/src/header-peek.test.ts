import fc from 'fast-check';
import { expect, test } from 'vitest';
import { maxHeaderBytes, peekHeader, peekString } from './header-peek.ts';
import { scanObject } from './json-object.ts';

test('[W9] a header is read as JSON.parse reads it, however it is written', () => {
  const header = fc.record({
    msg_id: fc.string({ unit: 'grapheme' }),
    msg_type: fc.string({ unit: 'binary' }),
    session: fc.string(),
    username: fc.constantFrom('msg_id', '"msg_type": "x"', '\\'),
    nested: fc.jsonValue(),
  });
  fc.assert(
    fc.property(header, fc.constantFrom(0, 1, '\t'), (value, space) => {
      const bytes = Buffer.from(JSON.stringify(value, undefined, space));
      const parsed = JSON.parse(bytes.toString()) as typeof value;
      expect(peekHeader(bytes)).toEqual({
        msgId: parsed.msg_id,
        msgType: parsed.msg_type,
        session: parsed.session,
      });
      expect(peekString(bytes, 'username')).toBe(parsed.username);
    }),
  );
});

test('[W9] fields that are absent or no strings are empty', () => {
  expect(peekHeader(Buffer.from('{"msg_id":5,"msg_type":null}'))).toEqual({
    msgId: '',
    msgType: '',
    session: '',
  });
});

test('[W9] what is no JSON object, or is too large, is not read', () => {
  for (const text of [
    '',
    'null',
    '[]',
    '"x"',
    '{',
    '{"a"',
    '{"a":}',
    '{"a":1',
    '{"a":1,}',
    '{"a":[}',
    '{"a":1} x',
    '{"a":"',
  ]) {
    expect(peekHeader(Buffer.from(text)), text).toBeUndefined();
  }
  expect(peekHeader(Buffer.from(`{"a":"${'x'.repeat(maxHeaderBytes)}"}`))).toBeUndefined();
});

test('[W9] strings with escapes at any place end where they end', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('\\', '"', 'a', '{', '}'), maxLength: 120 }), (text) => {
      const bytes = Buffer.from(JSON.stringify({ a: text, msg_id: text }));
      expect(peekString(bytes, 'msg_id')).toBe(text);
    }),
  );
});

test('[W5] any bytes are scanned to an answer', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', '\\', ':', ',', '1', ' ') }),
      (text) => {
        expect(typeof scanObject(Buffer.from(text), () => undefined)).toBe('boolean');
      },
    ),
    { numRuns: 2000 },
  );
});
