import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createTestContents } from './test-contents.ts';

test('[C1] a notebook, a file and a folder are saved, read, renamed and deleted', async () => {
  await using contents = await createTestContents();
  const cell = {
    cell_type: 'code',
    id: 'a',
    metadata: {},
    execution_count: null,
    outputs: [],
    source: 'a = 1\nb',
  };
  const notebook = { cells: [cell], metadata: {}, nbformat: 4, nbformat_minor: 5 };
  const saved = await contents.request('PUT', '/api/contents/a.ipynb', {
    type: 'notebook',
    format: 'json',
    content: notebook,
  });
  expect(saved.statusCode, saved.body).toBe(201);
  expect(saved.headers.location).toBe('/api/contents/a.ipynb');
  expect(readFileSync(join(contents.root, 'a.ipynb'), 'utf8')).toContain('"a = 1\\n",\n    "b"');
  const read = await contents.request('GET', '/api/contents/a.ipynb?hash=1');
  expect(read.json()).toMatchObject({
    type: 'notebook',
    format: 'json',
    content: { cells: [{ source: 'a = 1\nb' }] },
  });
  const renamed = await contents.request('PATCH', '/api/contents/a.ipynb', { path: 'b.ipynb' });
  expect(renamed.statusCode, renamed.body).toBe(200);
  writeFileSync(join(contents.root, 'x.txt'), 'text');
  const listing = await contents.request('GET', '/api/contents/');
  expect(
    listing
      .json()
      .content.map((m: { path: string }) => m.path)
      .toSorted(),
  ).toEqual(['b.ipynb', 'x.txt']);
  expect((await contents.request('DELETE', '/api/contents/b.ipynb')).statusCode).toBe(204);
  expect((await contents.request('POST', '/api/contents', { type: 'notebook' })).json().path).toBe(
    'Untitled.ipynb',
  );
  expect((await contents.request('GET', '/files/x.txt')).body).toBe('text');
});
