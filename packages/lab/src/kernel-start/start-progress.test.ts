import { expect, test } from 'vitest';
import { elapsedInWords, nextProgress, type StartProgress, type StartStep } from './start-progress.ts';

const step = (phase: string, message: string, at = 0): StartStep => ({ phase, message, at });
const after = (...steps: StartStep[]): StartProgress => steps.reduce(nextProgress, [] as StartProgress);

test('[L30] the steps of a start are kept until the kernel runs or has ended', () => {
  const begun = after(
    step('scheduling', 'Looking for a node'),
    step('pulling', 'Pulling'),
    step('pulling', 'Pulling'),
  );
  expect(begun.map(({ message }) => message)).toEqual(['Looking for a node', 'Pulling']);
  expect(nextProgress(begun, step('running', 'Running.'))).toEqual([]);
  expect(nextProgress(begun, step('dead', 'It ended.'))).toEqual([]);
});

test('[L30] a new place in the queue is no further step, and the wait goes on', () => {
  expect(after(step('queued', 'Number 3', 5), step('queued', 'Number 2', 9))).toEqual([
    step('queued', 'Number 2', 5),
  ]);
});

test('[L30] a start that is told for ever is bounded', () => {
  expect(after(...Array.from({ length: 500 }, (_, index) => step('pulling', String(index))))).toHaveLength(
    50,
  );
});

test.each([
  [-1, '0 s'],
  [59_999, '59 s'],
  [125_000, '2 min 5 s'],
])('[L30] %d ms are %s', (ms, words) => expect(elapsedInWords(ms)).toBe(words));
