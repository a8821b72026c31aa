import { expect, test } from 'vitest';
import { reconnectDelay } from './reconnect-delay.ts';

test('[Z32] the delay doubles from the first to the largest and stays there', () => {
  expect([1, 2, 3, 4, 5, 1000].map((failures) => reconnectDelay(failures, 10, 70))).toEqual([
    10, 20, 40, 70, 70, 70,
  ]);
  expect(reconnectDelay(1, 50, 20)).toBe(50);
  expect([1, 2, 9].map((failures) => reconnectDelay(failures, 0, 100))).toEqual([1, 2, 100]);
});
