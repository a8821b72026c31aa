import { expect, test } from 'vitest';
import { parseTerminalMessage, smallestSize } from './terminal-message.ts';

test('[T3] sizes are whole numbers within bounds; a window without a size does not count', () => {
  const size = (...args: unknown[]) => {
    const message = parseTerminalMessage(JSON.stringify(['set_size', ...args]));
    return message?.type === 'setSize' ? message.size : 'no size message';
  };
  expect(size(24, 80, 1, 1)).toEqual({ rows: 24, cols: 80 });
  expect(size(24.9, 80.2)).toEqual({ rows: 24, cols: 80 });
  expect(size(1e6, 1e6)).toEqual({ rows: 1000, cols: 2000 });
  for (const [rows, cols] of [[0, 80], [24, 0], [-1, 80], [null, 80], ['24', 80], []])
    expect(size(rows, cols)).toBe(undefined);
  expect(smallestSize([undefined, { rows: 10, cols: 90 }, { rows: 20, cols: 80 }])).toEqual({
    rows: 10,
    cols: 80,
  });
  expect(smallestSize([undefined])).toBe(undefined);
});

test('[T8] frames that are no messages are told from messages that mean nothing', () => {
  expect(parseTerminalMessage('["stdin", "ls\\r"]')).toEqual({ type: 'stdin', text: 'ls\r' });
  expect(parseTerminalMessage('["future", {}]')).toEqual({ type: 'unknown' });
  for (const frame of ['', 'x', '{}', '"a"', '[]', '[{}]', '["stdin", {}]'])
    expect(parseTerminalMessage(frame)).toBe(undefined);
});
