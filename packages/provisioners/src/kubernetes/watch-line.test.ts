import { expect, test } from 'vitest';
import { readWatchLine } from './watch-line.ts';

test('[P7] a line of a watch is read; one that is no event is not passed over', () => {
  const object = { metadata: { name: 'a', resourceVersion: '7' } };
  expect(readWatchLine(JSON.stringify({ type: 'MODIFIED', object }))).toEqual({ type: 'MODIFIED', object });
  expect(readWatchLine('')).toBeUndefined();
  expect(
    readWatchLine('{"type":"ERROR","object":{"code":410,"reason":"Expired","message":"too old"}}'),
  ).toEqual({
    type: 'ERROR',
    status: 410,
    reason: 'Expired',
    message: 'too old',
  });
  for (const line of [
    '{"type":"ADDED"}',
    '{"type":"NEWS","object":{"metadata":{}}}',
    '{"type":"ADDED","object":',
  ]) {
    expect(() => readWatchLine(line)).toThrow();
  }
});
