// Listing 5,000 files; opening and saving a 50 MB notebook; another client's small GET meanwhile: each whole server on its own copy
// of the folder, in turns. What a plain readdir with stat, readFile and writeFile take is the baseline.
// Needs `npm run build`. Usage: node benchmarks/contents.js [rounds]
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { median, start } from './roles/bench.js';
import { installedServers, token } from './servers/kinds.js';
import { compare, percentile, Results, sayConditions, sayLoadAfter } from './servers/report.js';
import { attempt } from './servers/serve-kernel.js';
import { makeFolders, removeFolders, startServer } from './servers/start-server.js';

const rounds = Number(process.argv[2] ?? 5);
const names = installedServers();
const shapes = { text: notebook('text', textCell), images: notebook('images', imageCell) };
const results = new Results();
const running = {};
const others = start('small-gets');
const bare = 'bare files';
sayConditions(names);

try {
  for (const name of names) {
    const folders = makeFolders();
    mkdirSync(join(folders.notebooks, 'many'));
    for (let i = 0; i < 5000; i++) writeFileSync(join(folders.notebooks, 'many', `file ${i}.txt`), 'text');
    writeFileSync(join(folders.notebooks, 'small.txt'), 'small');
    running[name] = { folders, server: await startServer(name, folders) };
    for (const [shape, content] of Object.entries(shapes))
      await put(running[name].server, `${shape}.ipynb`, content);
  }
  for (let index = 0; index < rounds; index++) {
    for (const name of names) await attempt(name, () => through(name));
    await bareFiles(running.perijove.folders.notebooks);
  }
  const goals = { list: '≤ 150', open: '≤ 400', save: '≤ 500', small: '≤ 25' };
  for (const what of Object.keys(results.values)) {
    const pick = what.startsWith('small') ? (values) => percentile(values, 0.99) : median;
    compare(what, 'ms', results.of(what, pick), { goal: goals[what.split(' ')[0]] });
  }
  sayLoadAfter();
} finally {
  await others.stop();
  for (const { server, folders } of Object.values(running)) {
    await server.stop();
    await removeFolders(folders);
  }
}

async function through(name) {
  const { server } = running[name];
  await measure(name, 'list 5,000 files', () => get(server, 'many'));
  for (const [shape, content] of Object.entries(shapes)) {
    await others.ask({
      do: 'start',
      url: `${server.url}api/contents/small.txt`,
      headers: { authorization: `token ${token}` },
    });
    await measure(name, `open 50 MB of ${shape}`, () => get(server, `${shape}.ipynb`));
    await measure(name, `save 50 MB of ${shape}`, () => put(server, `${shape}.ipynb`, content));
    results.note(name, `small GETs meanwhile (${shape}), p99`, ...(await others.ask({ do: 'stop' })).times);
  }
}

async function bareFiles(folder) {
  await measure(bare, 'list 5,000 files', async () => {
    const files = await readdir(join(folder, 'many'));
    await Promise.all(files.map((file) => stat(join(folder, 'many', file))));
  });
  for (const shape of Object.keys(shapes)) {
    let content;
    await measure(
      bare,
      `open 50 MB of ${shape}`,
      async () => (content = await readFile(join(folder, `${shape}.ipynb`))),
    );
    await measure(bare, `save 50 MB of ${shape}`, () => writeFile(join(folder, 'bare'), content));
  }
}

async function measure(name, what, run) {
  const started = performance.now();
  await run();
  results.note(name, what, performance.now() - started);
}

function get(server, path) {
  return server.receive(`api/contents/${encodeURIComponent(path)}`);
}

function put(server, path, content) {
  return server.send('PUT', `api/contents/${encodeURIComponent(path)}`, content);
}

function notebook(shape, makeCell) {
  const cells = [];
  for (let size = 0; size < 50e6;) {
    const text = JSON.stringify(makeCell(cells.length));
    cells.push(text);
    size += text.length;
  }
  return Buffer.from(
    `{"type":"notebook","format":"json","path":"${shape}.ipynb","content":{"cells":[${cells.join(',')}],"metadata":{},"nbformat":4,"nbformat_minor":5}}`,
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
