import { linkSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { operationsProgram, type OperationsProgram } from './testing/operations-program.ts';

let folder: string;
let program: OperationsProgram;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'perijove-full-'));
  program = await operationsProgram(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// A limit on the size of files stands for a full disk: a write stops in its middle in the same way, and it needs no root.
async function save(root: string, path: string, model: object): Promise<string> {
  return program.perform('save', root, [path, model], { fileBlocks: 128 });
}

test.each(['replaced', 'kept in place'])(
  '[C63] a save that the disk has no room for leaves the old file (%s)',
  async (how) => {
    const root = mkdtempSync(join(folder, 'root-'));
    writeFileSync(join(root, 'a.txt'), 'old content');
    if (how === 'kept in place') linkSync(join(root, 'a.txt'), join(root, 'b.txt'));
    const before = readdirSync(root);
    const answer = await save(root, 'a.txt', { type: 'file', format: 'text', content: 'x'.repeat(100_000) });
    expect(answer).toMatch(/^STORAGE_FULL: .* a.txt is as it was/);
    expect(readFileSync(join(root, 'a.txt'), 'utf8')).toBe('old content');
    expect(readdirSync(root)).toEqual(before);
    expect(await save(root, 'a.txt', { type: 'file', format: 'text', content: 'short' })).toBe('done');
  },
);

test('[C64] a part of an upload that the disk has no room for ends the upload and leaves the old file', async () => {
  const root = mkdtempSync(join(folder, 'root-'));
  writeFileSync(join(root, 'a.txt'), 'old content');
  const answer = await save(root, 'a.txt', {
    type: 'file',
    format: 'text',
    chunk: 1,
    content: 'x'.repeat(100_000),
  });
  expect(answer).toMatch(/^STORAGE_FULL/);
  expect(readdirSync(root)).toEqual(['a.txt']);
});
