import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

test('[A33] hashing goes one after the other, and who comes when many wait is told to come later', async () => {
  const turns = new Turns(1, 2, 'Later.');
  let running = 0;
  const done: number[] = [];
  const tasks = [1, 2, 3, 4].map((i) =>
    turns.run(async () => {
      expect(++running).toBe(1);
      await Promise.resolve();
      running--;
      if (i === 2) throw new Error('two');
      done.push(i);
    }),
  );
  const outcomes = await Promise.allSettled(tasks);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected']);
  expect(outcomes[3]).toMatchObject({ reason: { code: 'UNAVAILABLE', message: 'Later.' } });
  expect(done).toEqual([1, 3]);
  await expect(turns.run(async () => 5)).resolves.toBe(5);
});
