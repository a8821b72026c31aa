// Listing 5,000 files; opening and saving a 50 MB notebook; another client's small GET meanwhile: our server against
// jupyter_server on the same folder, in turns. PERIJOVE_BENCH_PYTHON is a Python with jupyter_server.
// Needs `npm run build`. Usage: node benchmarks/contents.js [rounds]
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { median, round, show } from './roles/bench.js';

const rounds = Number(process.argv[2] ?? 5);
const python = process.env.PERIJOVE_BENCH_PYTHON;
const folder = mkdtempSync(join(tmpdir(), 'perijove-bench-'));
const root = join(folder, 'root');
for (const path of ['root/many', 'data']) mkdirSync(join(folder, path), { recursive: true });
for (let i = 0; i < 5000; i++) writeFileSync(join(root, 'many', `file ${i}.txt`), 'text');
writeFileSync(join(root, 'small.txt'), 'small');
const shapes = { text: notebook(50, textCell), images: notebook(50, imageCell) };
const peers = { perijove: await ours(), ...(python ? { jupyter_server: await theirs() } : {}) };
const results = {};

try {
  for (const [name, { url }] of Object.entries(peers)) {
    for (const [shape, content] of Object.entries(shapes)) await put(url, `${name} ${shape}.ipynb`, content);
  }
  for (let index = 0; index < rounds; index++) {
    for (const [name, { url }] of Object.entries(peers)) {
      await measure(name, 'list 5,000 files', () => get(url, 'many'));
      for (const [shape, content] of Object.entries(shapes)) {
        const path = `${name} ${shape}.ipynb`;
        const meanwhile = poll(url);
        await measure(name, `open 50 MB of ${shape}`, () => get(url, path));
        await measure(name, `save 50 MB of ${shape}`, () => put(url, path, content));
        note(name, `small GETs meanwhile (${shape}), p99`, ...(await meanwhile.stop()));
      }
    }
  }
  const bounds = { list: 150, open: 400, save: 500, small: 25 };
  for (const what of Object.keys(results.perijove)) {
    const of = (name) =>
      what.startsWith('small') ? percentile(results[name][what], 0.99) : median(results[name][what]);
    show(what, round(of('perijove'), 1), 'ms', `≤ ${bounds[what.split(' ')[0]]} on a quiet machine`);
    if (python)
      show(
        '  of jupyter_server',
        round(of('perijove') / of('jupyter_server'), 2),
        `× of ${round(of('jupyter_server'), 1)} ms`,
      );
  }
} finally {
  for (const { process } of Object.values(peers)) process.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}

async function measure(name, what, run) {
  const started = performance.now();
  await run();
  note(name, what, performance.now() - started);
}

function note(name, what, ...values) {
  ((results[name] ??= {})[what] ??= []).push(...values);
}

function percentile(values, part) {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))];
}

/** A client that asks for a small file every 10 ms, until it is stopped; answers with the times. */
function poll(url) {
  const agent = new Agent({ keepAlive: true });
  const times = [];
  let isStopped = false;
  const done = (async () => {
    while (!isStopped) {
      const started = performance.now();
      await get(url, 'small.txt', agent);
      times.push(performance.now() - started);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    agent.destroy();
    return times;
  })();
  return {
    stop() {
      isStopped = true;
      return done;
    },
  };
}

function get(url, path, agent) {
  return send('GET', url, path, undefined, agent);
}

function put(url, path, content) {
  return send('PUT', url, path, content);
}

function send(method, url, path, body, agent) {
  return new Promise((resolve, reject) => {
    const headers = { authorization: 'token bench', 'content-type': 'application/json' };
    if (body !== undefined) headers['content-length'] = body.length;
    const sent = request(
      `${url}api/contents/${encodeURIComponent(path)}`,
      { method, headers, agent },
      (response) => {
        let length = 0;
        response.on('data', (chunk) => (length += chunk.length));
        response.on('end', () =>
          response.statusCode < 300
            ? resolve(length)
            : reject(new Error(`${method} ${path}: ${response.statusCode}`)),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

function notebook(megabytes, makeCell) {
  const cells = [];
  for (let size = 0; size < megabytes * 1e6;) {
    const text = JSON.stringify(makeCell(cells.length));
    cells.push(text);
    size += text.length;
  }
  return Buffer.from(
    `{"type":"notebook","format":"json","content":{"cells":[${cells.join(',')}],"metadata":{},"nbformat":4,"nbformat_minor":5}}`,
  );
}

function textCell(n) {
  const lines = Array.from({ length: 500 }, (_, i) => `line ${i} of cell ${n}: "x" = ${Math.sin(i * n)}\n`);
  return codeCell(n, { output_type: 'stream', name: 'stdout', text: lines.join('') });
}

function imageCell(n) {
  const data = { 'image/png': randomBytes(150_000).toString('base64'), 'text/plain': '<Figure>' };
  return codeCell(n, { output_type: 'display_data', metadata: {}, data });
}

function codeCell(n, output) {
  return {
    cell_type: 'code',
    id: `c${n}`,
    metadata: { trusted: true },
    execution_count: n,
    source: `a = ${n}\nplot(a)`,
    outputs: [output],
  };
}

function ours() {
  const script = fileURLToPath(new URL('./roles/contents-server.js', import.meta.url));
  const child = spawn(process.execPath, [script, root, join(folder, 'data')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve) => {
    child.stdout.once('data', (line) => resolve({ process: child, url: String(line).trim() }));
  });
}

async function theirs() {
  const port = await freePort();
  const args = [
    '-m',
    'jupyter_server',
    '--no-browser',
    '--allow-root',
    `--port=${port}`,
    '--IdentityProvider.token=bench',
    `--ServerApp.root_dir=${root}`,
    '--log-level=CRITICAL',
  ];
  const env = {
    ...process.env,
    JUPYTER_DATA_DIR: join(folder, 'data'),
    JUPYTER_CONFIG_DIR: join(folder, 'data'),
    JUPYTER_RUNTIME_DIR: join(folder, 'data'),
  };
  const child = spawn(python, args, { stdio: ['ignore', 'ignore', 'ignore'], env });
  const url = `http://127.0.0.1:${port}/`;
  for (let tries = 0; tries < 300; tries++) {
    try {
      await get(url, 'small.txt');
      return { process: child, url };
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new Error('jupyter_server did not start');
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
