import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ReadPacer } from './read-pacer.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const limits = { batchAboveRate: 500, batchDelayMs: 4 };

function paced() {
  const calls: string[] = [];
  const pacer = new ReadPacer(
    { pause: () => calls.push('pause'), resume: () => calls.push('resume') },
    limits,
  );
  return { pacer, calls };
}

test('[R21] messages that come slowly are never held back', () => {
  const { pacer, calls } = paced();
  for (let i = 0; i < 100; i++) {
    pacer.read(1, 500);
    vi.advanceTimersByTime(10);
  }
  expect(calls).toEqual([]);
});

test('[R21] what one small cell says is never held back', () => {
  const { pacer, calls } = paced();
  for (let i = 0; i < 6; i++) pacer.read(1, 500);
  expect(calls).toEqual([]);
});

test('[R21] of quick ones, few to a read, the next read is put off once for so long', () => {
  const { pacer, calls } = paced();
  for (let i = 0; i < 12; i++) pacer.read(1, 500);
  expect(calls).toEqual(['pause']);
  vi.advanceTimersByTime(3);
  expect(calls).toEqual(['pause']);
  vi.advanceTimersByTime(1);
  expect(calls).toEqual(['pause', 'resume']);
});

test.each([
  ['messages', 64, 500],
  ['bytes', 6, 32 * 1024],
])('[R21] a read that is full of %s is followed by the next at once', (_what, count, bytes) => {
  const { pacer, calls } = paced();
  for (let i = 0; i < 20; i++) pacer.read(count, bytes);
  expect(calls).toEqual([]);
});

test('[R21] a read that is put off while the kernel is made to wait goes on when both are over', () => {
  const { pacer, calls } = paced();
  for (let i = 0; i < 12; i++) pacer.read(1, 500);
  pacer.hold();
  vi.advanceTimersByTime(4);
  expect(calls).toEqual(['pause']);
  pacer.release();
  expect(calls).toEqual(['pause', 'resume']);
});

test('[R21] what comes so quickly that a read is soon full is put off for less, or not at all', () => {
  const { pacer, calls } = paced();
  // 25 in a millisecond, for as long as a window and more.
  for (let ms = 0; ms < 30; ms++) {
    for (let i = 0; i < 5; i++) pacer.read(5, 500);
    vi.advanceTimersByTime(1);
  }
  calls.length = 0;
  pacer.read(5, 500);
  vi.advanceTimersByTime(1);
  expect(calls).toEqual(['pause']);
  vi.advanceTimersByTime(1);
  expect(calls).toEqual(['pause', 'resume']);
  for (let ms = 0; ms < 60; ms++) {
    for (let i = 0; i < 20; i++) pacer.read(5, 500);
    vi.advanceTimersByTime(1);
  }
  calls.length = 0;
  for (let i = 0; i < 20; i++) pacer.read(5, 500);
  expect(calls).toEqual([]);
});
