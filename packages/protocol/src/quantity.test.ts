import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatMemory, formatQuantity, parseQuantity } from './quantity.ts';

test.each([
  ['2Gi', 2 ** 31],
  ['500M', 5e8],
  ['1500m', 1.5],
  ['1', 1],
  ['.5', 0.5],
  ['1e9', 1e9],
  ['1E', 1e18],
  ['128974848', 128974848],
  [' 64Ki ', 65536],
  [4096, 4096],
])('[Q1] %s is a quantity', (text, value) => {
  expect(parseQuantity(text)).toBe(value);
});

test.each(['', '2GiB', '2gi', '-1', 'Gi', '1.2.3', '1 Gi', 'much', 'NaN', '0x10', '1e999', '1toString'])(
  '[Q1] "%s" is none, and the error says what would be',
  (text) => {
    expect(() => parseQuantity(text)).toThrow(
      expect.objectContaining({
        code: 'PROTOCOL_BAD_QUANTITY',
        message: expect.stringMatching(/is not a quantity; .* as 2Gi/),
      }),
    );
  },
);

test('[Q2] what is written is read back', () => {
  expect([2 ** 31, 1.5, 1, 0.1, 1000, 0, 3 * 2 ** 20].map(formatQuantity)).toEqual([
    '2Gi',
    '1500m',
    '1',
    '100m',
    '1000',
    '0',
    '3Mi',
  ]);
  fc.assert(fc.property(fc.maxSafeNat(), (value) => parseQuantity(formatQuantity(value)) === value));
});

test('[Q3] memory for people is in one unit', () => {
  expect(formatMemory(2 ** 31 - 5, 2 ** 31)).toBe('2.0 of 2.0 GiB');
  expect(formatMemory(60 * 2 ** 20, 64 * 2 ** 20)).toBe('60.0 of 64.0 MiB');
  expect(formatMemory(512)).toBe('0.5 KiB');
});
