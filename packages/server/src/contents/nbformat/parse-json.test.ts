import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromPlain, toPlain } from './plain-json.ts';
import { maxJsonDepth, parseJson, withSentinel } from './parse-json.ts';

function roundTrip(text: string): unknown {
  const bytes = withSentinel(Buffer.from(text));
  const document = parseJson(bytes, bytes.length - 1);
  return JSON.parse(fromPlain(toPlain(document, document.root)));
}

test('[C26] any JSON is what JSON.parse says it is', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1), (value, indent) => {
      const text = JSON.stringify(value, undefined, indent);
      expect(roundTrip(text)).toEqual(JSON.parse(text));
    }),
    { numRuns: 300 },
  );
});

test('[C27] what JSON.parse refuses is refused, whatever was changed in a valid text', () => {
  const change = fc.tuple(
    fc.nat(),
    fc.constantFrom('', '"', '\\', ',', '{', ']', '\n', 'x', '0', '-', '.', 'e', ':', '\u0000'),
  );
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 3 }),
      fc.array(change, { minLength: 1, maxLength: 3 }),
      (value, changes) => {
        let text = JSON.stringify(value);
        for (const [at, piece] of changes) {
          const index = at % (text.length + 1);
          text = text.slice(0, index) + piece + text.slice(index + 1);
        }
        expect(
          outcome(() => roundTrip(text)),
          text,
        ).toEqual(outcome(() => JSON.parse(text)));
      },
    ),
    { numRuns: 2000 },
  );
});

function outcome(parse: () => unknown): unknown {
  try {
    return { value: parse() };
  } catch {
    return 'refused';
  }
}

test('[C28] nesting has a limit, below it any depth is fine', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  expect(() => roundTrip(nested(maxJsonDepth))).not.toThrow();
  expect(() => roundTrip(nested(maxJsonDepth + 1))).toThrow('Nested deeper than 900 levels');
  expect(() => roundTrip('{"a":'.repeat(100_000))).toThrow('Nested deeper than 900 levels');
});

test('[C29] the message says where', () => {
  expect(() => roundTrip('{"a": 1,\n "b" 2}')).toThrow("Expecting ':' delimiter: line 2 column 6 (char 14)");
  expect(() => roundTrip('{} x')).toThrow('Extra data: line 1 column 4 (char 3)');
});
