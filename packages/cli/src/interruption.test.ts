import { expect, test } from 'vitest';
import { question, readAnswer } from './interruption.ts';

test.each([
  ['y', 'stopKernels'],
  ['YES ', 'stopKernels'],
  ['k', 'keepKernels'],
  ['', 'goOn'],
  ['n', 'goOn'],
  ['what', undefined],
])('[B9] the answer %j means %j', (text, answer) => {
  expect(readAnswer(text)).toBe(answer);
});

test('[B9] the question says how many kernels it is about', () => {
  expect(question(0)).toBe('Stop the server (y/[n])? ');
  expect(question(1)).toMatch(/^1 kernel is running/);
  expect(question(3)).toMatch(/^3 kernels are running/);
});
