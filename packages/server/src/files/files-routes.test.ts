import { mkdirSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestContents } from '../contents/test-contents.ts';
import type { TestContents } from '../contents/test-contents.ts';

let contents: TestContents;
beforeAll(async () => {
  contents = await createTestContents();
  writeFileSync(join(contents.root, 'ten.bin'), '0123456789');
  writeFileSync(join(contents.root, 'empty'), '');
  writeFileSync(join(contents.root, '.hidden'), 'x');
  mkdirSync(join(contents.root, 'dir'));
  symlinkSync('/etc/passwd', join(contents.root, 'out'));
});
afterAll(() => contents[Symbol.asyncDispose]());

test('[C70] a file comes as it is, never cached unasked, in a sandbox', async () => {
  const response = await contents.request('GET', '/files/ten.bin');
  expect([response.statusCode, response.body]).toEqual([200, '0123456789']);
  expect(response.headers).toMatchObject({
    'content-length': '10',
    'content-type': 'application/octet-stream',
    'accept-ranges': 'bytes',
    'cache-control': 'no-cache',
    'last-modified': statSync(join(contents.root, 'ten.bin')).mtime.toUTCString(),
    'content-security-policy': expect.stringMatching(/sandbox allow-scripts/) as string,
  });
  expect(response.headers).not.toHaveProperty('etag');
  expect(response.headers).not.toHaveProperty('content-disposition');
});

test.each([
  ['bytes=0-3', 206, '0123', 'bytes 0-3/10'],
  ['bytes=4-', 206, '456789', 'bytes 4-9/10'],
  ['bytes=-3', 206, '789', 'bytes 7-9/10'],
  ['bytes=-30', 206, '0123456789', 'bytes 0-9/10'],
  ['bytes=8-99', 206, '89', 'bytes 8-9/10'],
  ['bytes=10-', 416, '', 'bytes */10'],
  ['bytes=-0', 416, '', 'bytes */10'],
  ['bytes=5-2', 200, '0123456789', undefined],
  ['bytes=0-1,3-4', 200, '0123456789', undefined],
  ['lines=0-1', 200, '0123456789', undefined],
])('[C71] Range: %s is %i', async (range, status, body, contentRange) => {
  const response = await contents.request('GET', '/files/ten.bin', undefined, { range });
  expect([response.statusCode, response.body, response.headers['content-range']]).toEqual([
    status,
    body,
    contentRange,
  ]);
});

test('[C72] HEAD has the headers of GET without the body', async () => {
  for (const range of [undefined, 'bytes=0-3']) {
    const headers: Record<string, string> = range === undefined ? {} : { range };
    const [head, get] = [
      await contents.request('HEAD', '/files/ten.bin', undefined, headers),
      await contents.request('GET', '/files/ten.bin', undefined, headers),
    ];
    expect(head.body).toBe('');
    expect(head.statusCode).toBe(get.statusCode);
    for (const name of ['content-length', 'content-range', 'last-modified', 'content-type'])
      expect(head.headers[name], name).toBe(get.headers[name]);
  }
});

test('[C73] what has not changed since is 304; a range of what has changed is the whole', async () => {
  const path = join(contents.root, 'aged.txt');
  writeFileSync(path, '0123456789');
  utimesSync(path, 1_600_000_000.5, 1_600_000_000.5);
  const since = new Date(1_600_000_000_000).toUTCString();
  const earlier = new Date(1_500_000_000_000).toUTCString();
  const ask = (headers: Record<string, string>) =>
    contents.request('GET', '/files/aged.txt', undefined, headers);
  const unchanged = await ask({ 'if-modified-since': since });
  expect([unchanged.statusCode, unchanged.body]).toEqual([304, '']);
  expect((await ask({ 'if-modified-since': earlier })).statusCode).toBe(200);
  expect((await ask({ 'if-modified-since': 'nonsense' })).statusCode).toBe(200);
  expect((await ask({ range: 'bytes=0-1', 'if-range': since })).statusCode).toBe(206);
  expect((await ask({ range: 'bytes=0-1', 'if-range': earlier })).statusCode).toBe(200);
});

test.each([
  ['n.ipynb', 'application/x-ipynb+json'],
  ['t.txt', 'text/plain; charset=UTF-8'],
  ['p.py', 'text/x-python'],
  ['h.html', 'text/html'],
  ['d.csv.gz', 'application/gzip'],
  ['d.tar.bz2', 'application/octet-stream'],
  ['i.svg', 'image/svg+xml'],
  ['noextension', 'application/octet-stream'],
])('[C74] %s is served as %s', async (name, type) => {
  writeFileSync(join(contents.root, name), 'x');
  expect((await contents.request('GET', `/files/${name}`)).headers['content-type']).toBe(type);
});

test('[C75] a notebook, and what is asked for with download=1, is an attachment', async () => {
  writeFileSync(join(contents.root, "é ' x.ipynb"), '{}');
  const notebook = await contents.request('GET', "/files/%C3%A9%20'%20x.ipynb");
  expect(notebook.headers['content-disposition']).toBe("attachment; filename*=utf-8''%C3%A9%20%27%20x.ipynb");
  const file = await contents.request('GET', '/files/ten.bin?download=1');
  expect(file.headers['content-disposition']).toBe("attachment; filename*=utf-8''ten.bin");
});

test.each(['none', '.hidden', 'dir', 'dir/', 'out', '..%2fx', 'a%00b', 'ten.bin/x'])(
  '[C76] /files/%s is 404',
  async (path) => {
    expect((await contents.request('GET', `/files/${path}`)).statusCode).toBe(404);
    expect((await contents.request('GET', `/view/${path}`)).statusCode).toBe(404);
  },
);

test('[C77] an empty file is served', async () => {
  const response = await contents.request('GET', '/files/empty');
  expect([response.statusCode, response.body, response.headers['content-length']]).toEqual([200, '', '0']);
});

test('[C78] /view shows a file in a frame that may run scripts and nothing else', async () => {
  writeFileSync(join(contents.root, '<b>&".html'), 'x');
  const page = await contents.request('GET', '/view/%3Cb%3E%26%22.html');
  expect(page.headers['content-type']).toContain('text/html');
  expect(page.body).toContain('<title>&lt;b&gt;&amp;&quot;.html</title>');
  expect(page.body).toContain('sandbox="allow-scripts" src="/files/%3Cb%3E%26%22.html"');
});
