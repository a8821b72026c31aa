// From asking for an ipykernel until its first reply: the process started directly, by the local provisioner, and by
// `POST /api/kernels` of a whole server over its WebSocket. In turns, so that whatever else the machine does meets all.
// Needs `npm run build` and `node tools/test-setup.js`. Usage: node benchmarks/kernel-start.js [turns]
import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import WebSocket from 'ws';
import { Kernelspecs } from '../packages/kernels/dist/index.js';
import { localProvisioner } from '../packages/provisioners/dist/index.js';
import { DirectClient, testPython } from '../packages/testkit/dist/index.js';
import { startPerijove } from '../packages/testkit/dist/perijove-process.js';
import { median, round, show } from './roles/bench.js';

const turns = Number(process.argv[2] ?? 15);
const python = testPython();
const folder = await mkdtemp(join(tmpdir(), 'perijove-bench-'));
const log = { debug() {}, info() {}, warn() {}, error() {} };
const kernelspecs = new Kernelspecs({
  paths: { kernelsPath: [join(dirname(dirname(python)), 'share/jupyter/kernels')] },
  log,
});
const provisioner = localProvisioner({
  runtimeDir: join(folder, 'run'),
  stateDir: join(folder, 'state'),
  env: process.env,
  home: folder,
  log,
});
const server = await startPerijove({ python });

try {
  const ways = { direct, provisioned, served };
  const times = { direct: [], provisioned: [], served: [] };
  for (const way of Object.values(ways)) await way();
  for (let turn = 0; turn < turns; turn++) {
    // Each way is first as often as the others: what one leaves for the machine to do meets the next.
    const order = Object.entries(ways).map((_way, index, all) => all[(index + turn) % all.length]);
    for (const [name, way] of order) times[name].push(await way());
  }
  const base = median(times.direct);
  show('the process started directly, median', round(base, 0), 'ms');
  for (const name of ['provisioned', 'served']) {
    show(`${name}, median`, round(median(times[name]), 0), 'ms');
    show('  over direct', round(median(times[name]) / base), '×', '≤ 1.1');
  }
} finally {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
}

async function direct() {
  const file = join(folder, `${randomUUID()}.json`);
  const began = performance.now();
  const [shell_port, iopub_port, stdin_port, control_port, hb_port] = await freePorts(5);
  const ports = { shell_port, iopub_port, stdin_port, control_port, hb_port };
  const key = randomBytes(32).toString('hex');
  const connection = { transport: 'tcp', ip: '127.0.0.1', ...ports, key, signature_scheme: 'hmac-sha256' };
  await writeFile(file, JSON.stringify(connection));
  const child = spawn(python, ['-m', 'ipykernel_launcher', '-f', file], {
    cwd: folder,
    stdio: 'ignore',
    detached: true,
  });
  const ms = await firstReply(connection, began);
  const exited = once(child, 'exit');
  process.kill(-child.pid, 'SIGKILL');
  await exited;
  return ms;
}

async function provisioned() {
  const began = performance.now();
  const kernelspec = await kernelspecs.get('python3');
  const request = { kernelId: randomUUID(), kernelspec, cwd: folder, env: {}, username: '', resources: {} };
  const kernel = await provisioner.launch(request, { signal: new AbortController().signal, report() {} });
  const ms = await firstReply(kernel.connection, began);
  await kernel.destroy(0);
  return ms;
}

async function served() {
  const began = performance.now();
  const answer = await server.fetch('api/kernels', {
    method: 'POST',
    body: JSON.stringify({ name: 'python3' }),
  });
  const { id } = await answer.json();
  const socket = new WebSocket(
    `${server.url.replace(/^http/, 'ws')}api/kernels/${id}/channels?token=${server.token}`,
  );
  await once(socket, 'open');
  const header = {
    msg_id: randomUUID(),
    msg_type: 'kernel_info_request',
    session: randomUUID(),
    username: '',
    date: new Date().toISOString(),
    version: '5.4',
  };
  socket.send(
    JSON.stringify({ channel: 'shell', header, parent_header: {}, metadata: {}, content: {}, buffers: [] }),
  );
  await new Promise((resolve) => {
    socket.on('message', (data, isBinary) => {
      if (isBinary) return;
      const message = JSON.parse(data);
      if (message.header.msg_type === 'kernel_info_reply' && message.parent_header.msg_id === header.msg_id)
        resolve();
    });
  });
  const ms = performance.now() - began;
  socket.terminate();
  await server.fetch(`api/kernels/${id}`, { method: 'DELETE' });
  return ms;
}

async function firstReply(connection, began) {
  const client = new DirectClient(connection);
  await client.request('kernel_info_request', {});
  const ms = performance.now() - began;
  await client.close();
  return ms;
}

async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((listening) => once(listening, 'listening')));
  const ports = servers.map((listening) => listening.address().port);
  await Promise.all(servers.map((listening) => new Promise((resolve) => listening.close(resolve))));
  return ports;
}
