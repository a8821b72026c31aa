import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyRequest } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestApp } from '../http/test-app.ts';
import { openTestUsers } from './test-users.ts';
import { createUserData } from './user-data.ts';

let folder: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'perijove-user-data-')));
});
afterEach(() => rm(folder, { recursive: true }));

test('[A76] a user’s data is in a folder of theirs, opened again where many others came meanwhile', async () => {
  await using users = await openTestUsers();
  const app = await createTestApp([], { authenticator: users.authenticator });
  const opened: string[] = [];
  const dataOf = createUserData({
    dataDir: join(folder, 'new'),
    ofAccount: 'the account’s',
    open: (path) => (opened.push(path), path),
  });
  const of = (username: string) => dataOf({ user: { username }, server: app } as unknown as FastifyRequest);
  expect(await of('owner')).toBe('the account’s');
  const paths = await Promise.all(['ada', '../ada', 'Ada Lovelace', 'ada'].map(of));
  expect(paths).toEqual(
    ['ada', '~2e.~2fada', 'Ada~20Lovelace', 'ada'].map((name) => join(folder, 'new/users', name)),
  );
  expect(opened).toHaveLength(3);
  for (let i = 0; i < 60; i++) await of(`user${i}`); // oxlint-disable-line no-await-in-loop
  expect(await of('ada')).toBe(paths[0]);
  expect(opened.filter((path) => path === paths[0])).toHaveLength(2);
  await app.close();
});
