import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createTestContents } from './test-contents.ts';
import type { TestContents } from './test-contents.ts';

const notebook = { cells: [], metadata: {}, nbformat: 4, nbformat_minor: 5 };
let contents: TestContents;
let file: (name: string) => string;
beforeAll(async () => {
  contents = await createTestContents();
  file = (name) => join(contents.root, name);
});
afterAll(() => contents[Symbol.asyncDispose]());
beforeEach(() => void (contents.events.length = 0));

const names = (response: { json(): unknown }): string[] =>
  (response.json() as { content: { name: string }[] }).content.map((entry) => entry.name).toSorted();

test('[C30] a save answers 201 for a new file, 200 for an old one, with Location and Last-Modified', async () => {
  const model = { type: 'file', format: 'text', content: 'x' };
  const created = await contents.request('PUT', '/api/contents/a%20%C3%A9%25.txt', model);
  expect(created.statusCode).toBe(201);
  expect(created.headers).toMatchObject({
    location: '/api/contents/a%20%C3%A9%25.txt',
    'content-type': expect.stringContaining('application/json') as string,
    'last-modified': statSync(file('a é%.txt')).mtime.toUTCString(),
  });
  expect(created.json()).toMatchObject({ name: 'a é%.txt', content: null, format: null, writable: true });
  expect((await contents.request('PUT', '/api/contents/a%20%C3%A9%25.txt', model)).statusCode).toBe(200);
  expect(contents.events.map((event) => event.data)).toEqual([
    { action: 'save', path: 'a é%.txt' },
    { action: 'save', path: 'a é%.txt' },
  ]);
});

test('[C31] every model has all of its keys, times with a fraction', async () => {
  writeFileSync(file('m.py'), '');
  utimesSync(file('m.py'), 1_600_000_000, 1_600_000_000);
  const model = (await contents.request('GET', '/api/contents/m.py?content=0')).json<
    Record<string, unknown>
  >();
  expect(Object.keys(model).toSorted()).toEqual([
    'content',
    'created',
    'format',
    'hash',
    'hash_algorithm',
    'last_modified',
    'mimetype',
    'name',
    'path',
    'size',
    'type',
    'writable',
  ]);
  expect(model).toMatchObject({
    mimetype: 'text/x-python',
    last_modified: '2020-09-13T12:26:40.000000Z',
    size: 0,
  });
});

test.each([
  ['format=x', "Format 'x' is invalid"],
  ['content=2', "Content '2' is invalid"],
  ['hash=yes', "Hash argument 'yes' is invalid. It must be '0' or '1'."],
])('[C32] ?%s is refused', async (query, message) => {
  const response = await contents.request('GET', `/api/contents?${query}`);
  expect(response.statusCode).toBe(400);
  expect(response.json()).toMatchObject({ message });
});

test('[C33] unknown parameters are ignored, an unknown type is a file', async () => {
  writeFileSync(file('b.ipynb'), JSON.stringify(notebook));
  const response = await contents.request('GET', '/api/contents/b.ipynb?1699999999999&type=other');
  expect(response.json()).toMatchObject({ type: 'file', format: 'text' });
});

test('[C34] a listing leaves out what is hidden, no file, broken, or made by Python on its way', async () => {
  mkdirSync(file('list'));
  for (const name of ['a.txt', '.hidden', 'x.pyc', 'b.ipynb', 'old~', '.DS_Store'])
    writeFileSync(file(`list/${name}`), '');
  for (const name of ['sub', '__pycache__']) mkdirSync(file(`list/${name}`));
  symlinkSync('nowhere', file('list/broken'));
  symlinkSync('loop', file('list/loop'));
  symlinkSync('a.txt', file('list/link'));
  symlinkSync('/etc/passwd', file('list/out'));
  const socket = createServer();
  await new Promise<void>((resolve) => socket.listen(file('list/socket'), resolve));
  try {
    expect(names(await contents.request('GET', '/api/contents/list'))).toEqual([
      'a.txt',
      'b.ipynb',
      'link',
      'sub',
    ]);
  } finally {
    socket.close();
  }
});

test('[C35] hidden files are 404 to read, 400 to change, unless they are allowed', async () => {
  writeFileSync(file('.secret'), 'x');
  mkdirSync(file('.git'));
  writeFileSync(file('.git/config'), 'x');
  for (const path of ['.secret', '.git', '.git/config', 'x/.y/z'])
    expect((await contents.request('GET', `/api/contents/${path}`)).statusCode, path).toBe(404);
  const model = { type: 'file', format: 'text', content: 'x' };
  expect((await contents.request('PUT', '/api/contents/.new', model)).statusCode).toBe(400);
  expect((await contents.request('PUT', '/api/contents/new', { ...model, path: '.new' })).statusCode).toBe(
    400,
  );
  expect((await contents.request('PATCH', '/api/contents/.secret', { path: 'seen' })).statusCode).toBe(400);
  expect((await contents.request('DELETE', '/api/contents/.secret')).statusCode).toBe(400);
  expect((await contents.request('POST', '/api/contents', { copy_from: '.secret' })).statusCode).toBe(400);
  expect((await contents.request('POST', '/api/contents/.git', {})).statusCode).toBe(400);
  await using allowing = await createTestContents({ allowHidden: true });
  writeFileSync(join(allowing.root, '.secret'), 'x');
  expect((await allowing.request('GET', '/api/contents/.secret')).json()).toMatchObject({ content: 'x' });
  expect(names(await allowing.request('GET', '/api/contents'))).toEqual(['.secret']);
});

test.each([
  ['a path up', '..%2f..%2fetc/passwd'],
  ['an encoded path up', '%2e%2e/%2e%2e/etc/passwd'],
  ['a path up from below', 'a/../../../etc/passwd'],
  ['a NUL character', 'nul%00byte'],
  ['an over-long name', 'x'.repeat(300)],
  ['an over-long path', `${'d/'.repeat(2500)}x`],
  ['a link out of the root', 'out-of-root'],
  ['a file behind a link out of the root', 'out-of-root/hostname'],
  ['a circle of links', 'loop/x'],
])('[C36] %s leads nowhere: 404 to read, 4xx to write, and nothing is written', async (_, path) => {
  if (!existsSync(file('loop')) && !lstatSync(file('loop'), { throwIfNoEntry: false })) {
    symlinkSync('loop', file('loop'));
    symlinkSync('/etc', file('out-of-root'));
  }
  const read = await contents.request('GET', `/api/contents/${path}`);
  expect(read.statusCode, read.body).toBe(404);
  expect(read.json()).toMatchObject({ message: expect.any(String) as string, reason: null });
  const model = { type: 'file', format: 'text', content: 'x' };
  for (const response of [
    await contents.request('PUT', `/api/contents/${path}`, model),
    await contents.request('PUT', `/api/contents/${path}/new.txt`, model),
    await contents.request('PATCH', `/api/contents/${path}`, { path: 'moved' }),
    await contents.request('POST', `/api/contents/${path}`, { type: 'file' }),
    await contents.request('POST', '/api/contents', { copy_from: decodeURIComponent(path) }),
    await contents.request('POST', `/api/contents/${path}/checkpoints`),
    await contents.request('GET', `/files/${path}`),
  ]) {
    expect(response.statusCode, response.body).toBeGreaterThanOrEqual(400);
    expect(response.statusCode, response.body).toBeLessThan(500);
  }
  expect(existsSync('/etc/new.txt')).toBe(false);
});

test('[C37] links out of the root are followed where that is set', async () => {
  await using following = await createTestContents({ followLinksOutside: true });
  mkdirSync(join(following.base, 'elsewhere'));
  writeFileSync(join(following.base, 'elsewhere/x.txt'), 'x');
  symlinkSync('../elsewhere', join(following.root, 'link'));
  expect(names(await following.request('GET', '/api/contents'))).toEqual(['link']);
  expect((await following.request('GET', '/api/contents/link/x.txt')).json()).toMatchObject({ content: 'x' });
  expect((await following.request('GET', '/files/link/x.txt')).body).toBe('x');
  expect((await following.request('GET', '/api/contents/..%2felsewhere/x.txt')).statusCode).toBe(404);
});

test.each([
  ['not JSON', '{"cells": ['],
  ['not an object', '[]'],
  ['nested too deep', '['.repeat(100_000) + ']'.repeat(100_000)],
  ['of an unknown version', '{"nbformat": 7, "cells": [], "metadata": {}}'],
  ['without cells', '{"nbformat": 4, "metadata": {}}'],
  ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
  ['empty', ''],
])('[C38] a notebook that is %s is a 400, and so is saving it', async (what, text) => {
  writeFileSync(file('bad.ipynb'), text);
  const read = await contents.request('GET', '/api/contents/bad.ipynb');
  expect(read.statusCode, read.body).toBe(400);
  expect(read.json<{ message: string }>().message).toMatch(
    /^Unreadable Notebook: bad.ipynb|is not UTF-8 encoded$/,
  );
  if (what === 'empty') return;
  const body = Buffer.concat([
    Buffer.from('{"type":"notebook","content":'),
    Buffer.from(text),
    Buffer.from('}'),
  ]);
  const saved = await contents.request('PUT', '/api/contents/bad.ipynb', body, {
    'content-type': 'application/json',
  });
  expect(saved.statusCode, saved.body).toBe(400);
});

test('[C39] an invalid notebook is read and saved, with a message', async () => {
  const invalid = {
    ...notebook,
    cells: [{ cell_type: 'code', id: 'a', metadata: {}, outputs: [], source: '' }],
  };
  const saved = await contents.request('PUT', '/api/contents/inv.ipynb', {
    type: 'notebook',
    content: invalid,
  });
  expect(saved.json()).toMatchObject({
    message: expect.stringContaining('Notebook validation failed: ') as string,
  });
  const read = await contents.request('GET', '/api/contents/inv.ipynb');
  expect(read.json()).toMatchObject({
    message: expect.stringContaining("'execution_count' is a required property") as string,
  });
});

test.each([
  [
    'PUT',
    'no.txt',
    { type: 'file', content: 'x' },
    400,
    "Must specify format of file contents as 'text' or 'base64'",
  ],
  ['PUT', 'no.txt', { type: 'file', format: 'text', content: 5 }, 400, 'must be a string'],
  ['PUT', 'no.txt', { type: 'file', format: 'base64', content: 'A' }, 400, 'Incorrect padding'],
  ['PUT', 'no.txt', '{"type":"file","format":"text","content":"\\ud800"}', 400, 'surrogate'],
  ['PUT', 'no.txt', { copy_from: 'x' }, 400, 'Cannot copy with PUT, only POST'],
  ['PUT', 'no.txt', '{', 400, 'Invalid JSON in body of request'],
  ['PUT', 'no.txt', '[]', 400, 'must be a JSON object'],
  ['PUT', 'no.ipynb', { type: 'notebook', content: 'text' }, 400, 'must be a JSON object'],
  ['PUT', 'no.ipynb', { type: 'notebook', content: { nbformat: 3, worksheets: [] } }, 400, 'format 4'],
  ['PUT', 'a-file', { content: 'x', format: 'text' }, 400, 'No file type provided'],
  ['PUT', 'a-file', { type: 'file', format: 'text' }, 400, 'No file content provided'],
  ['PUT', 'a-file', { type: 'directory' }, 400, 'Not a directory: a-file'],
  ['PUT', 'a-file/b', { type: 'file', format: 'text', content: '' }, 404, 'No such directory: a-file'],
  ['PUT', 'a-dir', { type: 'file', format: 'text', content: '' }, 400, 'is a directory'],
  ['PUT', '', { type: 'file', format: 'text', content: '' }, 400, 'directory'],
  ['POST', 'a-file', {}, 400, 'Cannot POST to files, use PUT instead.'],
  ['POST', 'none', {}, 404, 'No such directory: none'],
  ['POST', '', { ext: '/../x' }, 400, 'not a file extension'],
  ['POST', '', '{', 400, 'Invalid JSON in body of request'],
  ['POST', 'none/x', { copy_from: 'a-file' }, 404, 'No such parent directory: none to copy file in'],
  ['POST', 'a-dir', { copy_from: 'a-dir' }, 400, 'into itself'],
  ['POST', 'a-dir/checkpoints', '', 400, 'only files have checkpoints'],
  ['POST', 'a-file/checkpoints/other', '', 404, 'Checkpoint does not exist: a-file@other'],
  ['PATCH', 'a-file', '', 400, 'JSON body missing'],
  ['PATCH', 'a-file', { path: 5 }, 400, 'path must be a string'],
  ['PATCH', 'a-dir', { path: 'a-dir/b' }, 400, 'into itself'],
  ['PATCH', '', { path: 'x' }, 400, 'root'],
  ['DELETE', '', '', 400, "Can't delete root"],
] as const)('[C40] %s %s %j is %i: %s', async (method, path, sent, status, message) => {
  if (!existsSync(file('a-file'))) {
    writeFileSync(file('a-file'), '');
    mkdirSync(file('a-dir'));
  }
  const response = await contents.request(method, `/api/contents/${path}`, sent === '' ? undefined : sent, {
    'content-type': 'application/json',
  });
  expect(response.statusCode, response.body).toBe(status);
  expect(response.json<{ message: string }>().message).toContain(message);
});

test('[C41] a new file without content is empty, an empty PUT to a folder makes an untitled file', async () => {
  expect((await contents.request('PUT', '/api/contents/e.ipynb', { type: 'notebook' })).statusCode).toBe(201);
  expect((await contents.request('GET', '/api/contents/e.ipynb')).json()).toMatchObject({
    content: notebook,
  });
  expect((await contents.request('PUT', '/api/contents/e.txt', { type: 'file' })).statusCode).toBe(201);
  mkdirSync(file('empty'));
  const made = await contents.request('PUT', '/api/contents/empty');
  expect([made.statusCode, made.json().path]).toEqual([201, 'empty/untitled']);
});

test('[C42] a save keeps mode, links and other names of a file', async () => {
  const save = (name: string): Promise<{ statusCode: number }> =>
    contents.request('PUT', `/api/contents/${name}`, { type: 'file', format: 'text', content: 'new' });
  writeFileSync(file('mode.sh'), 'old');
  chmodSync(file('mode.sh'), 0o751);
  symlinkSync('mode.sh', file('mode-link'));
  await save('mode-link');
  expect(lstatSync(file('mode-link')).isSymbolicLink()).toBe(true);
  expect(readFileSync(file('mode.sh'), 'utf8')).toBe('new');
  expect(statSync(file('mode.sh')).mode & 0o777).toBe(0o751);
  writeFileSync(file('name1'), 'a longer old text');
  linkSync(file('name1'), file('name2'));
  await save('name2');
  expect(readFileSync(file('name1'), 'utf8')).toBe('new');
  expect(readdirSync(contents.root).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

test('[C43] what has changed elsewhere is seen by its hash before a save', async () => {
  const hash = async (): Promise<string> =>
    (await contents.request('GET', '/api/contents/h.txt?content=0&hash=1')).json<{ hash: string }>().hash;
  writeFileSync(file('h.txt'), 'one');
  const before = await hash();
  writeFileSync(file('h.txt'), 'two');
  expect(await hash()).not.toBe(before);
  writeFileSync(file('h.txt'), 'one');
  expect(await hash()).toBe(before);
  expect((await contents.request('GET', '/api/contents?hash=1&content=0')).json()).toMatchObject({
    hash: null,
  });
});

test('[C44] a file over maxContentBytes is a 413 that says what to do; it can be downloaded', async () => {
  await using small = await createTestContents({ maxContentBytes: 1024 });
  writeFileSync(
    join(small.root, 'big.ipynb'),
    JSON.stringify({ ...notebook, metadata: { x: 'x'.repeat(2000) } }),
  );
  const read = await small.request('GET', '/api/contents/big.ipynb');
  expect([read.statusCode, read.json().message]).toEqual([
    413,
    expect.stringContaining('Download it instead'),
  ]);
  expect((await small.request('GET', '/api/contents/big.ipynb?content=0')).statusCode).toBe(200);
  expect((await small.request('GET', '/files/big.ipynb')).statusCode).toBe(200);
});

test('[C45] a body over maxBodySize is a 413, whether or not it says how long it is', async () => {
  await using small = await createTestContents({}, { http: { maxBodySize: 2048 } });
  const body = JSON.stringify({ type: 'file', format: 'text', content: 'x'.repeat(3000) });
  const chunked = { 'transfer-encoding': 'chunked', 'content-type': 'application/json' };
  expect((await small.request('PUT', '/api/contents/x.txt', body)).statusCode).toBe(413);
  const { Readable } = await import('node:stream');
  const streamed = await small.request('PUT', '/api/contents/x.txt', Readable.from([body]), chunked);
  expect(streamed.statusCode).toBe(413);
  expect(existsSync(join(small.root, 'x.txt'))).toBe(false);
});

test('[C46] POST checkpoints answers 201 and Location, restoring and deleting 204, trust 201', async () => {
  await contents.request('PUT', '/api/contents/p%20q.ipynb', { type: 'notebook', content: notebook });
  const made = await contents.request('POST', '/api/contents/p%20q.ipynb/checkpoints');
  expect([made.statusCode, made.headers.location]).toEqual([
    201,
    '/api/contents/p%20q.ipynb/checkpoints/checkpoint',
  ]);
  expect(existsSync(file('.ipynb_checkpoints/p q-checkpoint.ipynb'))).toBe(true);
  const listed = await contents.request('GET', '/api/contents/p%20q.ipynb/checkpoints');
  expect(listed.json()).toEqual([made.json()]);
  const url = '/api/contents/p%20q.ipynb/checkpoints/checkpoint';
  expect((await contents.request('POST', url)).statusCode).toBe(204);
  expect((await contents.request('DELETE', url)).statusCode).toBe(204);
  const trusted = await contents.request('POST', '/api/contents/p%20q.ipynb/trust');
  expect([trusted.statusCode, trusted.body]).toEqual([201, '']);
});

test('[C47] events tell of every success, with the source of a copy or rename', async () => {
  writeFileSync(file('ev.txt'), '');
  await contents.request('GET', '/api/contents/ev.txt');
  await contents.request('POST', '/api/contents', { copy_from: '/ev.txt' });
  await contents.request('PATCH', '/api/contents/ev.txt', { path: '/ev2.txt' });
  await contents.request('DELETE', '/api/contents/ev2.txt');
  await contents.request('GET', '/api/contents/ev2.txt');
  expect(contents.events.map((event) => event.data)).toEqual([
    { action: 'get', path: 'ev.txt' },
    { action: 'copy', path: 'ev-Copy1.txt', source_path: 'ev.txt' },
    { action: 'rename', path: 'ev2.txt', source_path: 'ev.txt' },
    { action: 'delete', path: 'ev2.txt' },
  ]);
});

test('[C48] a folder larger than maxCopyFolderMb is not copied; links in it are copied as links', async () => {
  await using small = await createTestContents({ maxCopyFolderMb: 1 });
  mkdirSync(join(small.root, 'd'));
  writeFileSync(join(small.root, 'd/a'), Buffer.alloc(1024 * 1024));
  symlinkSync('/etc', join(small.root, 'd/etc'));
  expect((await small.request('POST', '/api/contents', { copy_from: 'd' })).statusCode).toBe(201);
  expect(lstatSync(join(small.root, 'd-Copy1/etc')).isSymbolicLink()).toBe(true);
  writeFileSync(join(small.root, 'd/b'), 'x');
  const refused = await small.request('POST', '/api/contents', { copy_from: 'd' });
  expect([refused.statusCode, refused.json().message]).toEqual([
    400,
    expect.stringContaining("Can't copy folders larger than 1MB"),
  ]);
});

test('[C49] an upload that is given up is removed after abandonUploadS, the target left as it was', async () => {
  await using quick = await createTestContents({ abandonUploadS: 1 });
  const part = { type: 'file', format: 'base64', chunk: 1, content: 'YQ==' };
  await quick.request('PUT', '/api/contents/x.bin', part);
  expect(readdirSync(quick.root)).toEqual([expect.stringMatching(/^\.perijove-upload-[0-9a-f]{16}-1-1$/)]);
  await expect.poll(() => readdirSync(quick.root), { timeout: 5000 }).toEqual([]);
});

test('[C87] a notebook of more than maxJsonValues values is a 413; lists of lines and numbers count as one', async () => {
  await using small = await createTestContents({ maxJsonValues: 1000 });
  const save = (list: unknown[]): Promise<{ statusCode: number }> =>
    small.request('PUT', '/api/contents/v.ipynb', {
      type: 'notebook',
      content: { ...notebook, metadata: { list } },
    });
  expect((await save(Array.from({ length: 5000 }, (_, n) => n))).statusCode).toBe(201);
  expect((await save(Array.from({ length: 5000 }, (_, n) => `${n}`))).statusCode).toBe(200);
  expect((await save(Array.from({ length: 1000 }, () => ({})))).statusCode).toBe(413);
  writeFileSync(
    join(small.root, 'w.ipynb'),
    JSON.stringify({ ...notebook, x: Array.from({ length: 1000 }, () => null) }),
  );
  const opened = await small.request('GET', '/api/contents/w.ipynb');
  expect([opened.statusCode, opened.json().message]).toEqual([413, expect.stringContaining('maxJsonValues')]);
});
