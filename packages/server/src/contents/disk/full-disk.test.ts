import { execFile } from 'node:child_process';
import { linkSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testSettings } from '../nbformat/test-settings.ts';

// A limit on the size of files stands for a full disk: a write stops in its middle in the same way, and it needs no root.
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'perijove-full-'));
  await build({
    entryPoints: [fileURLToPath(new URL('../operations.ts', import.meta.url))],
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['source'],
    outfile: join(folder, 'operations.mjs'),
  });
  writeFileSync(
    join(folder, 'save.mjs'),
    `import { perform } from './operations.mjs';
     const [settings, path, model] = JSON.parse(process.argv[2]);
     if (model.content === 'long') model.content = 'x'.repeat(1e6);
     const bytes = new TextEncoder().encode(JSON.stringify(model));
     try { perform('save', settings, [path, { blocks: [bytes.buffer], length: bytes.length }]); console.log('saved'); }
     catch (error) { console.log(error.code + ': ' + error.message); }`,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function save(root: string, path: string, model: object): Promise<string> {
  const argument = JSON.stringify([{ ...testSettings, root }, path, model]);
  const script = 'ulimit -f 128; exec "$0" "$1" "$2"';
  const { stdout } = await promisify(execFile)('sh', [
    '-c',
    script,
    process.execPath,
    join(folder, 'save.mjs'),
    argument,
  ]);
  return stdout.trim();
}

test.each(['replaced', 'kept in place'])(
  '[C63] a save that the disk has no room for leaves the old file (%s)',
  async (how) => {
    const root = mkdtempSync(join(folder, 'root-'));
    writeFileSync(join(root, 'a.txt'), 'old content');
    if (how === 'kept in place') linkSync(join(root, 'a.txt'), join(root, 'b.txt'));
    const before = readdirSync(root);
    const answer = await save(root, 'a.txt', { type: 'file', format: 'text', content: 'long' });
    expect(answer).toMatch(/^STORAGE_FULL: .* a.txt is as it was/);
    expect(readFileSync(join(root, 'a.txt'), 'utf8')).toBe('old content');
    expect(readdirSync(root)).toEqual(before);
    expect(await save(root, 'a.txt', { type: 'file', format: 'text', content: 'short' })).toBe('saved');
  },
);

test('[C64] a part of an upload that the disk has no room for ends the upload and leaves the old file', async () => {
  const root = mkdtempSync(join(folder, 'root-'));
  writeFileSync(join(root, 'a.txt'), 'old content');
  const answer = await save(root, 'a.txt', { type: 'file', format: 'text', chunk: 1, content: 'long' });
  expect(answer).toMatch(/^STORAGE_FULL/);
  expect(readdirSync(root)).toEqual(['a.txt']);
});
