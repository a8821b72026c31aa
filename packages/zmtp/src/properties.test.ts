import { expect, test } from 'vitest';
import { decodeProperties, encodeProperties } from './properties.ts';

const golden = Buffer.from('\x0bSocket-Type\0\0\0\x06DEALER\x08Identity\0\0\0\0', 'latin1');

test('[Z1] the properties of READY are those of the worked example', () => {
  const properties: [string, Buffer][] = [
    ['Socket-Type', Buffer.from('DEALER')],
    ['Identity', Buffer.alloc(0)],
  ];
  expect(encodeProperties(properties)).toEqual(golden);
  // Names have no case, so they are compared in lower case.
  expect([...decodeProperties(golden)]).toEqual([
    ['socket-type', Buffer.from('DEALER')],
    ['identity', Buffer.alloc(0)],
  ]);
});

test('[Z3] properties cut off anywhere, or without a name, are ZMTP_PROTOCOL', () => {
  const ends = new Set([0, golden.length, golden.indexOf('\x08Identity', 0, 'latin1')]);
  for (let end = 0; end <= golden.length; end++) {
    const decode = (): unknown => decodeProperties(golden.subarray(0, end));
    if (ends.has(end)) expect(decode).not.toThrow();
    else expect(decode).toThrow(expect.objectContaining({ code: 'ZMTP_PROTOCOL' }));
  }
  expect(() => decodeProperties(Buffer.from([0, 0, 0, 0, 0]))).toThrow('empty name');
  expect(() => decodeProperties(Buffer.from([1, 65, 255, 255, 255, 255]))).toThrow('cut off');
});
