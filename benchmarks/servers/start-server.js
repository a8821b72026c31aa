import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get, request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fakeKernelspec, testPython } from '../../packages/testkit/dist/index.js';
import { hasTaskset } from '../roles/bench.js';
import { kinds, token } from './kinds.js';

/** A home and a root folder for servers, with two kernelspecs: `bench-python` (ipykernel) and `bench-fast` (ours, which waits for nothing). */
export function makeFolders({ kernelCore } = {}) {
  const base = mkdtempSync(join(tmpdir(), 'perijove-bench-'));
  const folders = { base, home: join(base, 'home'), notebooks: join(base, 'notebooks') };
  mkdirSync(folders.notebooks);
  const pin = kernelCore === undefined || !hasTaskset ? [] : ['taskset', '-c', String(kernelCore)];
  const python = {
    argv: [testPython(), '-m', 'ipykernel_launcher', '-f', '{connection_file}'],
    display_name: 'Python',
    language: 'python',
  };
  for (const [name, spec] of [
    ['bench-python', python],
    ['bench-fast', fakeKernelspec()],
  ]) {
    const folder = join(folders.home, '.local/share/jupyter/kernels', name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'kernel.json'), JSON.stringify({ ...spec, argv: [...pin, ...spec.argv] }));
  }
  made.set(base, folders);
  return folders;
}

/** Ends what still runs in that home, kernels that outlived their server among it, and removes the folders. */
export async function removeFolders({ base, home }) {
  made.delete(base);
  for (const pid of processesAtHome(home)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Ended in the meantime.
    }
  }
  rmSync(base, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}

const made = new Map();
// Who stops a benchmark does not want its servers and kernels.
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    for (const folders of made.values()) void removeFolders(folders);
    process.exit(1);
  });
}

/** Starts one without waiting for it: see `answers`. Each has the same home, root folder, environment. */
export async function spawnServer(name, folders, { args = [], core, port, entrance } = {}) {
  port ??= await freePort();
  // Into a cgroup before it is the server.
  const box = entrance === undefined ? [] : ['sh', '-c', 'echo 0 >"$0" && exec "$@"', entrance];
  const pin = core === undefined || !hasTaskset ? [] : ['taskset', '-c', String(core)];
  const [program, ...rest] = [...box, ...pin, ...kinds[name].command({ port, ...folders }), ...args];
  const inherited = Object.entries(process.env).filter(
    ([key]) => !/^(JUPYTER|PERIJOVE|XDG|VIRTUAL_ENV|CONDA)/.test(key),
  );
  const startedAt = performance.now();
  const child = spawn(program, rest, {
    cwd: folders.notebooks,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...Object.fromEntries(inherited),
      HOME: folders.home,
      PATH: [dirname(testPython()), process.env.PATH].join(delimiter),
    },
  });
  let complaints = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => (complaints = (complaints + chunk).slice(-600)));
  const url = `http://127.0.0.1:${port}/`;
  const server = {
    name,
    child,
    port,
    url,
    startedAt,
    /** Milliseconds since the start, once `path` is answered by 200. */
    async answers(path) {
      for (;;) {
        if ((await statusOf(url + path)) === 200) return performance.now() - startedAt;
        if (child.exitCode !== null || performance.now() - startedAt > 120_000)
          throw new Error(
            `${name} (${child.exitCode ?? child.signalCode ?? 'running'}) does not answer ${path}:\n${complaints}`,
          );
        await delay(10);
      }
    },
    /** Resolves to the body of a 2xx answer. */
    send: async (method, path, body) => {
      const chunks = [];
      await send(method, url + path, body, (chunk) => chunks.push(chunk));
      return Buffer.concat(chunks);
    },
    /** Reads an answer and keeps nothing of it. */
    receive: (path) => send('GET', url + path, undefined, () => undefined),
    cpu: () => cpuOf(child.pid),
    memory: () => memoryOf(child.pid),
    async stop(signal = 'SIGKILL') {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
    },
  };
  return server;
}

export async function startServer(name, folders, options) {
  const server = await spawnServer(name, folders, options);
  await server.answers(kinds[name].api);
  return server;
}

/** Starts a kernel as clients do, by a session; resolves to the URL of its WebSocket. */
export async function startKernel(server, kernelspec, name = 'bench') {
  const body = Buffer.from(
    JSON.stringify({
      path: `${name}.ipynb`,
      name: `${name}.ipynb`,
      type: 'notebook',
      kernel: { name: kernelspec },
    }),
  );
  const { id, kernel } = JSON.parse(await server.send('POST', 'api/sessions', body));
  return {
    sessionId: id,
    url: `${server.url.replace('http', 'ws')}api/kernels/${kernel.id}/channels?token=${token}`,
  };
}

/** Resolves once a 2xx answer has been read. */
function send(method, url, body, onData) {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `token ${token}` };
    if (body !== undefined)
      Object.assign(headers, { 'content-type': 'application/json', 'content-length': body.length });
    const sent = request(url, { method, headers }, (response) => {
      response.on('data', onData);
      response.on('end', () => {
        if (response.statusCode < 300) resolve();
        else reject(new Error(`${method} ${url}: ${response.statusCode}`));
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function statusOf(url) {
  return new Promise((resolve) => {
    get(url, { headers: { authorization: `token ${token}` }, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on('error', () => resolve(undefined));
  });
}

/** CPU time of a process so far, in µs; to a hundredth of a second. */
function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

/** In kB. `peak` is that of `rss`; `pss` counts what is shared with other processes in part. */
function memoryOf(pid) {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  const value = (key) => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text)[1]);
  const peak = Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))[1]);
  return { rss: value('Rss'), pss: value('Pss'), peak };
}

function processesAtHome(home) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`HOME=${home}`);
      } catch {
        return false;
      }
    })
    .map(Number);
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
