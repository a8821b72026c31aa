import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ProtocolError } from './protocol-error.ts';
import { Signer } from './signer.ts';
import { decodeWire, encodeWire } from './wire.ts';

const signer = new Signer('key');
const part = fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes));

test('[W10] ZeroMQ frames decode to the message that was encoded, identities before it', () => {
  fc.assert(
    fc.property(
      fc.array(part, { minLength: 4, maxLength: 8 }),
      fc.array(fc.constant(Buffer.from('id')), { maxLength: 2 }),
      (parts, ids) => {
        const [header, parentHeader, metadata, content, ...buffers] = parts;
        const message = {
          channel: 'shell',
          header: header!,
          parentHeader: parentHeader!,
          metadata: metadata!,
          content: content!,
          buffers,
        } as const;
        const decoded = decodeWire('shell', encodeWire(message, signer, ids), signer);
        expect(decoded).toEqual({ identities: ids, message });
      },
    ),
  );
});

test('[W10] a wrong key, a changed part or a cut message is refused', () => {
  const empty = Buffer.from('{}');
  const message = {
    channel: 'iopub',
    header: empty,
    parentHeader: empty,
    metadata: empty,
    content: empty,
    buffers: [],
  } as const;
  const frames = encodeWire(message, signer);
  const codeOf = (given: Buffer[], by = signer): string => {
    try {
      decodeWire('iopub', given, by);
      return 'decoded';
    } catch (error) {
      return (error as ProtocolError).code;
    }
  };
  expect(codeOf(frames)).toBe('decoded');
  expect(codeOf(frames, new Signer('other'))).toBe('PROTOCOL_BAD_SIGNATURE');
  expect(codeOf(frames.with(4, Buffer.from('{"x":1}')))).toBe('PROTOCOL_BAD_SIGNATURE');
  expect(codeOf(frames.slice(0, 5))).toBe('PROTOCOL_MALFORMED_MESSAGE');
  expect(codeOf([Buffer.from('x')])).toBe('PROTOCOL_MALFORMED_MESSAGE');
  expect(codeOf(frames.with(1, Buffer.alloc(0)))).toBe('PROTOCOL_BAD_SIGNATURE');
});

test('[W10] the signature is that of jupyter_client: HMAC-SHA256 of the four parts, in hex', () => {
  // hmac.new(b'key', b'{"a": 1}{}{}{"b": 2}', hashlib.sha256).hexdigest()
  const parts = ['{"a": 1}', '{}', '{}', '{"b": 2}'].map((text) => Buffer.from(text));
  expect(signer.sign(parts as [Buffer, Buffer, Buffer, Buffer]).toString()).toBe(
    'a64e320a05d35a2add153748406a1cfa88ce46d61d61ce7bc0163940fe1a5505',
  );
});

test('[W10] short and long messages, short and long keys, are signed as HMAC (RFC 2104) says', () => {
  const long = fc.uint8Array({ maxLength: 6000, size: 'max' }).map((bytes) => Buffer.from(bytes));
  const key = fc.string({ minLength: 1, maxLength: 100, size: 'max' });
  fc.assert(
    fc.property(key, long, long, (secret, first, last) => {
      const parts = [first, Buffer.alloc(0), Buffer.from('{}'), last] as const;
      const hmac = createHmac('sha256', secret);
      for (const each of parts) hmac.update(each);
      expect(new Signer(secret).sign(parts).toString()).toBe(hmac.digest('hex'));
    }),
  );
});
