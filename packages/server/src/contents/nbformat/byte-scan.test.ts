import fc from 'fast-check';
import { expect, test } from 'vitest';
import { skipLine, skipPlain, wordsOf } from './byte-scan.ts';

const byte = fc.oneof(
  fc.constantFrom(
    0x21,
    0x22,
    0x23,
    0x5b,
    0x5c,
    0x5d,
    0x1f,
    0x20,
    0xc2,
    0xc3,
    0xe2,
    0xe1,
    0x00,
    0x7f,
    0x80,
    0xff,
  ),
  fc.nat(255),
);

test('[C86] scanning four bytes at a time finds what scanning one by one does, at any start and end', () => {
  fc.assert(
    fc.property(
      fc.array(byte, { maxLength: 40 }),
      fc.nat(40),
      fc.nat(40),
      fc.nat(3),
      (values, a, b, spare) => {
        // Exactly as much memory as there are bytes: the last word may be cut off.
        const bytes = Uint8Array.from([...values, 0, ...Array.from({ length: spare }, () => 0)]);
        const words = wordsOf(bytes);
        const from = Math.min(a, values.length);
        const end = Math.max(from, Math.min(b, values.length));
        const next = (isFound: (value: number) => boolean, until: number): number => {
          let i = from;
          while (i < until && !isFound(bytes[i]!)) i++;
          return i;
        };
        expect(skipPlain(bytes, words, from)).toBe(
          next((c) => c < 0x20 || c === 0x22 || c === 0x5c, bytes.length),
        );
        expect(skipLine(bytes, words, from, end)).toBe(
          next((c) => c === 0x5c || c === 0xc2 || c === 0xe2, end),
        );
      },
    ),
    { numRuns: 3000 },
  );
});
