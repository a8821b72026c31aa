import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { runToken } from './token.ts';

let folder: string;
let printed = '';
const run = async (...args: string[]): Promise<string> => {
  printed = '';
  expect(await runToken([...args, '--tokens-file', join(folder, 'sub', 'tokens.json')])).toBe(0);
  return printed.trim();
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perijove-token-'));
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((printed += String(text)), true));
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

test('[B30] a token is added, listed and removed; the file is the owner’s alone and has only hashes', async () => {
  const token = await run('add', 'laptop', '--user', 'ada', '--expires', '30d');
  expect(token).toMatch(/^perijove_[\w-]{43}$/);
  const path = join(folder, 'sub', 'tokens.json');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readFile(path, 'utf8')).not.toContain(token.slice(9));
  await run('add', 'hub', '--user', 'hub', '--scope', 'admin', '--may-impersonate');
  expect(JSON.parse(await run('list', '--json'))).toMatchObject([
    { name: 'laptop', user: 'ada', scope: 'use', expiresAt: expect.any(String) },
    { name: 'hub', user: 'hub', scope: 'admin', mayImpersonate: true },
  ]);
  await run('remove', 'laptop');
  expect(await run('list')).toBe('hub  hub  admin, for others');
});

test('[B31] what is not right is one sentence, and changes nothing', async () => {
  await run('add', 'a', '--user', 'ada');
  for (const args of [
    ['add', 'a', '--user', 'bob'],
    ['add', 'b'],
    ['add', 'b c', '--user', 'bob'],
    ['add', 'b', '--user', 'x\ny'],
    ['add', 'b', '--user', 'bob', '--may-impersonate'],
    ['add', 'b', '--user', 'bob', '--expires', 'soon'],
    ['remove', 'none'],
    ['dance'],
  ])
    await expect(run(...args)).rejects.toThrow(/\.$/);
  expect(JSON.parse(await run('list', '--json'))).toHaveLength(1);
});
