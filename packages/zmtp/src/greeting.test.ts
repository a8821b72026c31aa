import { expect, test } from 'vitest';
import { checkGreetingStart, decodeGreeting, encodeGreeting } from './greeting.ts';
import { greetingBytes } from './testing/wire.ts';

test('[Z1] the greeting is the 64 bytes of RFC 37', () => {
  expect(encodeGreeting('NULL', false)).toEqual(greetingBytes());
  expect(encodeGreeting('CURVE', true)).toEqual(
    greetingBytes(
      Object.fromEntries(
        [...Buffer.from('CURVE')].map((byte, index) => [12 + index, byte]).concat([[32, 1]]),
      ),
    ),
  );
});

test('[Z2] the padding is not looked at, and later versions are taken for 3.1', () => {
  expect(decodeGreeting(greetingBytes({ 8: 6 }))).toEqual({
    major: 3,
    minor: 1,
    mechanism: 'NULL',
    asServer: false,
  });
  expect(decodeGreeting(greetingBytes({ 11: 0 })).minor).toBe(0);
  expect(decodeGreeting(greetingBytes({ 10: 4, 11: 0 })).minor).toBe(1);
});

test.each([
  ['HTTP', Buffer.from('G')],
  ['ZMTP 1.0', Buffer.from([1])],
  ['a signature without its end', greetingBytes({ 9: 0x7e }).subarray(0, 10)],
  ['ZMTP 2.0', greetingBytes({ 10: 1 }).subarray(0, 11)],
])('[Z2] %s is refused at the first byte that shows it', (_name, bytes) => {
  checkGreetingStart(bytes.subarray(0, -1));
  expect(() => checkGreetingStart(bytes)).toThrow(expect.objectContaining({ code: 'ZMTP_PROTOCOL' }));
});
