import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { operationsProgram, type OperationsProgram } from './testing/operations-program.ts';

let folder: string;
let program: OperationsProgram;
// Root may do everything: then the operations are another user's.
const nobody = process.getuid?.() === 0 ? { uid: 65_534 } : {};
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'perijove-permission-'));
  program = await operationsProgram(folder);
});
afterAll(() => {
  for (const path of ['root', 'root/closed']) chmodSync(join(folder, path), 0o755);
  rmSync(folder, { recursive: true, force: true });
});

test('[C65] what the operating system forbids is said to be forbidden, and all is as it was', async () => {
  const root = join(folder, 'root');
  mkdirSync(join(root, 'closed'), { recursive: true, mode: 0o755 });
  writeFileSync(join(root, 'secret.txt'), 'secret', { mode: 0o000 });
  writeFileSync(join(root, 'fixed.txt'), 'fixed', { mode: 0o444 });
  writeFileSync(join(root, 'closed', 'a.txt'), 'a', { mode: 0o444 });
  chmodSync(join(root, 'closed'), 0o555);
  chmodSync(root, 0o555);
  const text = { type: 'file', format: 'text', content: 'new' };
  const denied = async (name: Parameters<typeof program.perform>[0], ...args: unknown[]): Promise<void> => {
    expect(await program.perform(name, root, args, nobody), `${name} ${JSON.stringify(args)}`).toMatch(
      /^FORBIDDEN: /,
    );
  };
  await denied('get', 'secret.txt', { content: true });
  await denied('save', 'fixed.txt', text);
  await denied('save', 'new.txt', text);
  await denied('save', 'closed/new.txt', text);
  await denied('createUntitled', 'closed', { type: 'notebook' });
  await denied('copy', 'fixed.txt', 'closed');
  await denied('rename', 'closed/a.txt', 'closed/b.txt');
  await denied('delete', 'closed/a.txt');
  expect(readFileSync(join(root, 'fixed.txt'), 'utf8')).toBe('fixed');
  expect(readdirSync(root).toSorted()).toEqual(['closed', 'fixed.txt', 'secret.txt']);
  expect(readdirSync(join(root, 'closed'))).toEqual(['a.txt']);
});

test('[C66] a folder that may not be read is listed by its folder all the same', async () => {
  const root = mkdtempSync(join(folder, 'listing-'));
  chmodSync(root, 0o755);
  mkdirSync(join(root, 'private'), { mode: 0o000 });
  writeFileSync(join(root, 'a.txt'), 'a', { mode: 0o644 });
  expect(await program.perform('get', root, ['', { content: true }], nobody)).toBe('done');
  expect(await program.perform('get', root, ['private', { content: true }], nobody)).toMatch(/^FORBIDDEN: /);
});
