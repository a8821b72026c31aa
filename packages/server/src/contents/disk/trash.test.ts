import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createTestContents } from '../test-contents.ts';

test('[C60] a deleted file or folder is in the trash, with the record that file browsers restore it by', async () => {
  await using contents = await createTestContents();
  const trash = join(contents.base, 'share/Trash');
  mkdirSync(join(contents.root, 'd é%'));
  for (let round = 0; round < 2; round++) {
    writeFileSync(join(contents.root, 'd é%/x y.txt'), String(round));
    const response = await contents.request('DELETE', '/api/contents/d%20%C3%A9%25/x%20y.txt');
    expect(response.statusCode, response.body).toBe(204);
  }
  expect(readFileSync(join(trash, 'files/x y.txt'), 'utf8')).toBe('0');
  expect(readFileSync(join(trash, 'files/x y.txt.2'), 'utf8')).toBe('1');
  const record = readFileSync(join(trash, 'info/x y.txt.2.trashinfo'), 'utf8').split('\n');
  expect(record[0]).toBe('[Trash Info]');
  expect(decodeURIComponent(record[1]!)).toBe(`Path=${join(contents.root, 'd é%/x y.txt')}`);
  expect(record[1]).toContain('/d%20%C3%A9%25/x%20y.txt');
  expect(record[2]).toMatch(/^DeletionDate=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
  writeFileSync(join(contents.root, 'd é%/full'), '');
  expect((await contents.request('DELETE', '/api/contents/d%20%C3%A9%25')).statusCode).toBe(204);
  expect(readdirSync(join(trash, 'files/d é%'))).toEqual(['full']);
});

test('[C61] a link goes to the trash as a link', async () => {
  await using contents = await createTestContents();
  writeFileSync(join(contents.root, 'target'), 'x');
  symlinkSync('target', join(contents.root, 'link'));
  expect((await contents.request('DELETE', '/api/contents/link')).statusCode).toBe(204);
  expect(readdirSync(contents.root)).toEqual(['target']);
});

test('[C62] without trash a folder must be empty but for checkpoints, unless alwaysDeleteDir', async () => {
  await using contents = await createTestContents({ deleteToTrash: false });
  mkdirSync(join(contents.root, 'd/.ipynb_checkpoints'), { recursive: true });
  writeFileSync(join(contents.root, 'd/.ipynb_checkpoints/x'), '');
  writeFileSync(join(contents.root, 'd/x'), '');
  const refused = await contents.request('DELETE', '/api/contents/d');
  expect([refused.statusCode, refused.json().message]).toEqual([400, 'Directory d not empty']);
  await contents.request('DELETE', '/api/contents/d/x');
  expect((await contents.request('DELETE', '/api/contents/d')).statusCode).toBe(204);
  expect(existsSync(join(contents.base, 'share'))).toBe(false);
  await using all = await createTestContents({ deleteToTrash: false, alwaysDeleteDir: true });
  mkdirSync(join(all.root, 'd/e'), { recursive: true });
  expect((await all.request('DELETE', '/api/contents/d')).statusCode).toBe(204);
  expect(readdirSync(all.root)).toEqual([]);
});
