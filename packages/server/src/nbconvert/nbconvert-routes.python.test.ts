import { readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testPython } from '@perijove/testkit';
import pino from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ServerError } from '../errors.ts';
import { withDefaults } from '../http/option-values.ts';
import { createTestApp, withToken } from '../http/test-app.ts';
import { nbconvertRoutes } from './nbconvert-routes.ts';
import { nbconvertOptions, type NbconvertOptions } from './options.ts';

const python = testPython();
/** Each conversion imports all of nbconvert, which takes seconds on a busy machine. */
const slow = { timeout: 120_000 };

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'perijove-nbconvert-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const image =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const notebook = {
  nbformat: 4,
  nbformat_minor: 5,
  metadata: { kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' } },
  cells: [
    { id: 'a', cell_type: 'markdown', metadata: {}, source: '# Grüße <script>alert(1)</script>' },
    {
      id: 'b',
      cell_type: 'code',
      metadata: {},
      execution_count: 1,
      source: 'print("hello")',
      outputs: [
        { output_type: 'display_data', metadata: {}, data: { 'image/png': image, 'text/plain': ['x'] } },
      ],
    },
  ],
};

test('[N1] GET /api/nbconvert lists what the Python of the kernels can make, asking it once', async () => {
  const count = join(root, 'count');
  const counting = await script(`#!/bin/sh\necho x >> '${count}'\nexec '${python}' "$@"\n`);
  const app = await server({}, [counting]);
  const get = async () => (await app.inject({ url: '/api/nbconvert', headers: withToken })).json();
  const [formats] = await Promise.all([get(), get(), get()]);
  expect(formats).toMatchObject({
    html: { output_mimetype: 'text/html' },
    markdown: { output_mimetype: 'text/markdown' },
    python: { output_mimetype: 'text/x-python' },
    script: {},
    notebook: { output_mimetype: 'application/json' },
  });
  await get();
  expect(await readFile(count, 'utf8')).toBe('x\n');
});

test('[N2] a notebook becomes HTML that may not touch the server', slow, async () => {
  const app = await server();
  const response = await app.inject({ url: '/nbconvert/html/sub/Gr%C3%BC%C3%9Fe.ipynb', headers: withToken });
  expect(response.statusCode).toBe(200);
  expect(response.headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store, no-cache, must-revalidate, max-age=0',
    'last-modified': new Date(0).toUTCString(),
    'content-security-policy': expect.stringContaining('sandbox allow-scripts'),
  });
  expect(response.headers['content-disposition']).toBe(undefined);
  expect(response.payload).toContain('<title>Grüße</title>');
  expect(response.payload).toContain('<script>alert(1)</script>');

  const download = await app.inject({
    url: '/nbconvert/html/sub/Gr%C3%BC%C3%9Fe.ipynb?download=true&sanitize_html=true',
    headers: withToken,
  });
  expect(download.headers['content-disposition']).toBe("attachment; filename*=utf-8''Gr%C3%BC%C3%9Fe.html");
  expect(download.payload).not.toContain('<script>alert(1)</script>');
});

test('[N3] what has files beside it comes as a zip', async () => {
  const app = await server();
  const response = await app.inject({ url: '/nbconvert/markdown/sub/a.ipynb', headers: withToken });
  expect(response.headers['content-type']).toBe('application/zip');
  expect(response.headers['content-disposition']).toBe("attachment; filename*=utf-8''a.zip");
  expect(response.rawPayload.subarray(0, 2).toString()).toBe('PK');
  expect(response.rawPayload.includes('a.md')).toBe(true);
  expect(response.rawPayload.includes('output_1_0.png')).toBe(true);
});

test('[N4] POST converts what is sent along, old notebooks too', slow, async () => {
  const app = await server();
  const post = (payload: string, format = 'python') =>
    app.inject({ method: 'POST', url: `/nbconvert/${format}`, headers: withToken, payload });
  const old = {
    nbformat: 3,
    nbformat_minor: 0,
    metadata: {},
    worksheets: [{ cells: [{ cell_type: 'code', input: 'old()', outputs: [], language: 'python' }] }],
  };
  expect((await post(JSON.stringify({ content: old }))).payload).toContain('old()');
  const escaping = await post(JSON.stringify({ name: '../../x/evil.ipynb', content: notebook }), 'html');
  expect(escaping.payload).toContain('<title>evil</title>');

  for (const payload of ['{', '[]', '{}', '{"content":1}', '{"content":{"nbformat":99}}']) {
    expect((await post(payload)).statusCode).toBe(400);
  }
});

test('[N5] what goes wrong is said in words, with the right status', slow, async () => {
  const app = await server();
  const get = async (url: string) => {
    const response = await app.inject({ url, headers: { ...withToken, accept: 'application/json' } });
    return `${response.statusCode} ${response.payload}`;
  };
  expect(await get('/nbconvert/nonsense/a.ipynb')).toMatch(/^404 .*No exporter for format: nonsense/s);
  expect(await get('/nbconvert/no-word/a.ipynb')).toMatch(/^400/);
  expect(await get('/nbconvert/html/missing.ipynb')).toMatch(/^404/);
  expect((await app.inject({ url: '/nbconvert/html/a%20b.txt', headers: withToken })).headers.location).toBe(
    '/files/a%20b.txt',
  );
  // Without pandoc, or with it: never a stack trace.
  expect(await get('/nbconvert/latex/a.ipynb')).not.toContain('Traceback');
});

test('[N6] without nbconvert there are no formats, and converting says what to install', async () => {
  const bare = await script(`#!/bin/sh\nexec '${python}' -S -I "$@"\n`);
  const app = await server({}, ['/usr/bin/R', '/no/such/python', bare]);
  expect((await app.inject({ url: '/api/nbconvert', headers: withToken })).json()).toEqual({});
  const payload = JSON.stringify({ content: notebook });
  const response = await app.inject({ method: 'POST', url: '/nbconvert/html', headers: withToken, payload });
  expect(response.statusCode).toBe(501);
  expect(response.json().message).toContain('pip install nbconvert');
});

test('[N7] a conversion that takes too long is ended with all that it started', async () => {
  const pids = join(root, 'pids');
  const program = await script(`#!/bin/sh\necho $$ >> '${pids}'\nsleep 1000 &\necho $! >> '${pids}'\nwait\n`);
  const app = await server({ nbconvertTimeoutS: 0.5 }, [program]);
  const response = await app.inject({
    method: 'POST',
    url: '/nbconvert/html',
    headers: withToken,
    payload: '{}',
  });
  expect(response.statusCode).toBe(503);
  expect(response.json().message).toBe('Converting took longer than 0.5 s and was stopped');
  const started = (await readFile(pids, 'utf8')).trim().split('\n').map(Number);
  expect(started.length).toBe(2);
  await vi.waitFor(() => expect(started.filter(isAlive)).toEqual([]));
});

test('[N8] a result above the limit is refused', async () => {
  const app = await server({ nbconvertMaxOutputBytes: 1024 });
  const response = await app.inject({
    method: 'POST',
    url: '/nbconvert/html',
    headers: withToken,
    payload: JSON.stringify({ content: notebook }),
  });
  expect(response.statusCode).toBe(413);
});

test('[N9] so many convert at a time, so many wait, the rest is refused', async () => {
  const program = await script('#!/bin/sh\nsleep 1000\n');
  const app = await server({ nbconvertConcurrency: 1, nbconvertQueueLimit: 1, nbconvertTimeoutS: 1 }, [
    program,
  ]);
  const answers = await Promise.all(
    [1, 2, 3].map(() =>
      app.inject({ method: 'POST', url: '/nbconvert/html', headers: withToken, payload: '{}' }),
    ),
  );
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([503, 503, 503]);
  expect(
    answers
      .map((answer) => answer.json().message.slice(0, 15))
      .toSorted((a: string, b: string) => a.localeCompare(b)),
  ).toEqual(['Converting took', 'Converting took', 'Too many notebo']);
});

test('[N10] modules beside a notebook are not imported by the converter', async () => {
  await mkdir(join(root, 'sub'), { recursive: true });
  await writeFile(join(root, 'sub', 'json.py'), 'raise SystemExit("stolen")');
  const app = await server();
  expect((await app.inject({ url: '/nbconvert/python/sub/a.ipynb', headers: withToken })).statusCode).toBe(
    200,
  );
});

async function server(given: Partial<NbconvertOptions> = {}, pythons = [python]) {
  await mkdir(join(root, 'sub'), { recursive: true });
  return createTestApp([
    nbconvertRoutes({
      options: withDefaults(nbconvertOptions, given),
      pythons: async () => pythons,
      configDir: join(root, 'config'),
      env: process.env,
      log: pino({ level: 'silent' }),
      rootDir: root,
      contents: {
        // The smallest storage there is: every notebook is the same.
        get: async (path) => {
          if (path.includes('missing')) throw new ServerError('NOT_FOUND', `${path} does not exist`);
          const json = Buffer.from(JSON.stringify({ content: notebook }));
          return { json, path, type: path.endsWith('.ipynb') ? 'notebook' : 'file', lastModifiedMs: 0 };
        },
      },
    }),
  ]);
}

async function script(text: string): Promise<string> {
  const path = join(await mkdtemp(join(root, 'bin-')), 'python3');
  await writeFile(path, text);
  await chmod(path, 0o755);
  return path;
}

/** A dead process of which nobody has asked the exit code still has its number. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s*[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
