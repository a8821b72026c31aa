import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findJsonError } from './json-error.ts';

test.each([
  ['{"a": 1,\n "b": oops}', 2, 7],
  ['{"a": 1,\n}', 2, 1],
  ['[1, 2', 1, 6],
  ['', 1, 1],
  ['{"a" 1}', 1, 6],
  ['{"a": "x\ny"}', 1, 7],
  ['{}\n{}', 2, 1],
  ['[01]', 1, 3],
  ['{a: 1}', 1, 2],
  [']', 1, 1],
  ['[1}', 1, 3],
])('[D18] %j is wrong in line %i, column %i', (text, line, column) => {
  expect(findJsonError(text)).toEqual({ line, column });
});

test('[D18] it finds an error exactly where JSON.parse does', () => {
  const piece = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '1',
    '-',
    '1e5',
    'true',
    'null',
    ' ',
    '\n',
    'x',
    '"\\u00"',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join('');
      expect(findJsonError(text) === undefined).toBe(isJson(text));
    }),
    { numRuns: 3000 },
  );
  fc.assert(
    fc.property(fc.jsonValue(), (value) => findJsonError(JSON.stringify(value, undefined, 1)) === undefined),
  );
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
