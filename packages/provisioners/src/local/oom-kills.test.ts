import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { OomKills } from './oom-kills.ts';

test('[X13] each process that the system killed since the last look but one is one yes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'perijove-oom-'));
  const file = join(folder, 'memory.events');
  const count = (kills: number) => writeFile(file, `max 3\noom_kill ${kills}\noom_group_kill 0\n`);
  await count(7);
  const kills = new OomKills(file);
  expect(await kills.take()).toBe(false);
  await kills.start();
  expect(await kills.take()).toBe(false);
  await count(9);
  await kills.sample();
  expect([await kills.take(), await kills.take(), await kills.take()]).toEqual([true, true, false]);
  await count(10);
  await kills.sample();
  await kills.sample();
  await kills.sample();
  expect(await kills.take()).toBe(false);
  await rm(folder, { recursive: true });
  expect(await kills.take()).toBe(false);
});
