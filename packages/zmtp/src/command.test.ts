import { expect, test } from 'vitest';
import {
  decodeCommand,
  decodeErrorReason,
  encodeCommand,
  encodeError,
  pingTtlMs,
  pongFor,
} from './command.ts';

test('[Z3] a command needs a whole name', () => {
  for (const bytes of [[], [0], [5, 82], [255]]) {
    expect(() => decodeCommand(Buffer.from(bytes))).toThrow(
      expect.objectContaining({ code: 'ZMTP_PROTOCOL' }),
    );
  }
  expect(decodeCommand(Buffer.from('\x06CANCELtopic'))).toEqual({
    name: 'CANCEL',
    data: Buffer.from('topic'),
  });
  expect(encodeCommand('CANCEL', Buffer.from('topic')).toString()).toBe('\x06CANCELtopic');
});

test('[Z22] an ERROR reason is printable, whatever the peer wrote', () => {
  expect(encodeError('no').toString('latin1')).toBe('\x05ERROR\x02no');
  expect(decodeErrorReason(Buffer.from('\x02no'))).toBe('no');
  expect(decodeErrorReason(Buffer.from('\x06a\x1b[2J\n'))).toBe('a?[2J?');
  expect(decodeErrorReason(Buffer.from('\x50cut'))).toBe('cut');
  expect(decodeErrorReason(Buffer.alloc(0))).toBe('');
});

test('[Z25] a PONG has the context of its PING, at most 16 bytes of it', () => {
  const ping = Buffer.concat([Buffer.from([0x01, 0x00]), Buffer.from('0123456789abcdefXYZ')]);
  expect(pongFor(ping).toString()).toBe('\x04PONG0123456789abcdef');
  expect(pingTtlMs(ping)).toBe(25_600);
  expect(pingTtlMs(Buffer.from([1]))).toBe(0);
});
