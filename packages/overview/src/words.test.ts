import type { OverviewKernel } from '@perijove/protocol';
import { expect, test } from 'vitest';
import { chooseColumn, sorted } from './sorting.ts';
import { beyondPhase, cpusInWords, memoryInWords, timeInWords } from './words.ts';

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1536, '1.5 KiB'],
  [200 * 2 ** 20, '200 MiB'],
  [2 ** 31, '2.0 GiB'],
  [5 * 2 ** 50, '5120 TiB'],
])('[W4] %d bytes are %s', (bytes, words) => expect(memoryInWords(bytes)).toBe(words));

test.each([
  [0.126, '0.13'],
  [1, '1'],
  [12.4, '12'],
])('[W4] %d processors are %s', (cpus, words) => expect(cpusInWords(cpus)).toBe(words));

test.each([
  [-5, 'just now'],
  [9, 'just now'],
  [59, '59 seconds ago'],
  [61, '1 minute ago'],
  [3 * 3600, '3 hours ago'],
  [30 * 3600, 'yesterday'],
  [100 * 86_400, '100 days ago'],
])('[W4] %d seconds ago is "%s"', (seconds, words) => expect(timeInWords(0, seconds * 1000)).toBe(words));

test('[W4] a sentence that says what the word says is not said twice', () => {
  expect(beyondPhase('idle', 'Idle.')).toBe('');
  expect(beyondPhase('dead', 'The kernel ended: exited with code 3.')).toMatch(/code 3/);
});

test('[W5] a column is sorted, turned around when it is chosen again; what is equal keeps the order of its start', () => {
  const kernel = (id: string, started: string, memoryBytes?: number) =>
    ({
      id,
      started,
      displayName: id,
      resources: { used: memoryBytes === undefined ? {} : { memoryBytes } },
    }) as OverviewKernel;
  const all = [kernel('b', '2', 5), kernel('a', '1', 5), kernel('c', '3')];
  const ids = (column: Parameters<typeof sorted>[1]) =>
    sorted(all, column)
      .map(({ id }) => id)
      .join('');
  const byName = chooseColumn({ column: 'started', descending: true }, 'kernel');
  expect(ids(byName)).toBe('abc');
  expect(ids(chooseColumn(byName, 'kernel'))).toBe('cba');
  const byMemory = chooseColumn(byName, 'memory');
  expect(byMemory.descending).toBe(true);
  expect(ids(byMemory)).toBe('abc');
});
