import fc from 'fast-check';
import { expect, test } from 'vitest';
import { skipPlain, viewOf } from './byte-scan.ts';
import { ByteSink } from './byte-sink.ts';

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

test('[C86] scanning and copying four bytes at a time finds and copies what doing it one by one does, at any start and end', () => {
  fc.assert(
    fc.property(
      fc.array(byte, { maxLength: 40 }),
      fc.nat(40),
      fc.nat(40),
      fc.nat(3),
      (values, a, b, spare) => {
        // Exactly as much memory as there are bytes: no word may be read over its end.
        const bytes = Uint8Array.from([...values, 0, ...Array.from({ length: spare }, () => 0)]);
        const view = viewOf(bytes);
        const from = Math.min(a, values.length);
        const end = Math.max(from, Math.min(b, values.length));
        const next = (isFound: (value: number) => boolean, until: number): number => {
          let i = from;
          while (i < until && !isFound(bytes[i]!)) i++;
          return i;
        };
        const plainEnd = next((c) => c < 0x20 || c === 0x22 || c === 0x5c, bytes.length);
        const lineEnd = next((c) => c === 0x5c || c === 0xc2 || c === 0xe2, end);
        expect(skipPlain(bytes, view, from)).toBe(plainEnd);
        const sink = new ByteSink(1);
        sink.byte(0x21);
        expect(sink.copyPlain({ bytes, view }, from)).toBe(plainEnd);
        expect(sink.copyLine({ bytes, view }, from, end)).toBe(lineEnd);
        sink.copy(bytes, from, end);
        const copied = [
          ...bytes.slice(from, plainEnd),
          ...bytes.slice(from, lineEnd),
          ...bytes.slice(from, end),
        ];
        expect([...sink.view()]).toEqual([0x21, ...copied]);
      },
    ),
    { numRuns: 3000 },
  );
});
