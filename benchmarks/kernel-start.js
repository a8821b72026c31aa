// From asking for an ipykernel until its first reply: the process started directly, by the local provisioner, and by each whole
// server (`POST /api/sessions`) over its WebSocket. In turns, so that whatever else the machine does meets all.
// Needs `npm run build` and `node tools/test-setup.js`. Usage: node benchmarks/kernel-start.js [turns]
import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import WebSocket from 'ws';
import { Kernelspecs } from '../packages/kernels/dist/index.js';
import { localProvisioner } from '../packages/provisioners/dist/index.js';
import { DirectClient, testPython } from '../packages/testkit/dist/index.js';
import { median } from './roles/bench.js';
import { installedServers } from './servers/kinds.js';
import { compare, Results, sayConditions, sayLoadAfter } from './servers/report.js';
import { attempt } from './servers/serve-kernel.js';
import { makeFolders, removeFolders, startKernel, startServer } from './servers/start-server.js';

const turns = Number(process.argv[2] ?? 15);
const python = testPython();
const folders = makeFolders();
const folder = folders.base;
const log = { debug() {}, info() {}, warn() {}, error() {} };
const kernelspecs = new Kernelspecs({
  paths: { kernelsPath: [join(folders.home, '.local/share/jupyter/kernels')] },
  log,
});
const provisioner = localProvisioner({
  runtimeDir: join(folder, 'run'),
  stateDir: join(folder, 'state'),
  env: process.env,
  home: folder,
  log,
});
const names = installedServers();
const results = new Results();
const running = {};
sayConditions(names);

try {
  for (const name of names) running[name] = await startServer(name, folders);
  const ways = { direct, provisioner: provisioned };
  for (const name of names) ways[name] = () => served(running[name]);
  for (const [name, way] of Object.entries(ways)) await attempt(name, way, 60_000);
  for (let turn = 0; turn < turns; turn++) {
    // Each way is first as often as the others: what one leaves for the machine to do meets the next.
    const order = Object.entries(ways).map((_way, index, all) => all[(index + turn) % all.length]);
    for (const [name, way] of order) {
      const ms = await attempt(name, way, 60_000);
      if (ms !== undefined) results.note(name, 'first reply', ms);
    }
  }
  const times = results.of('first reply', median);
  compare('kernel asked for until its first reply', 'ms', times, { goal: '≤ 1.1 × direct', digits: 0 });
  const { direct: base, ...others } = times;
  compare(
    '  over direct',
    '×',
    Object.fromEntries(Object.entries(others).map(([name, ms]) => [name, ms / base])),
    { goal: '≤ 1.1', digits: 2 },
  );
  sayLoadAfter();
} finally {
  for (const server of Object.values(running)) await server.stop();
  await removeFolders(folders);
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
  const kernelspec = await kernelspecs.get('bench-python');
  const request = { kernelId: randomUUID(), kernelspec, cwd: folder, env: {}, username: '', resources: {} };
  const kernel = await provisioner.launch(request, { signal: new AbortController().signal, report() {} });
  const ms = await firstReply(kernel.connection, began);
  await kernel.destroy(0);
  return ms;
}

async function served(server) {
  const began = performance.now();
  const { sessionId, url } = await startKernel(server, 'bench-python', randomUUID());
  const session = randomUUID();
  const socket = new WebSocket(`${url}&session_id=${session}`);
  await once(socket, 'open');
  const header = {
    msg_id: randomUUID(),
    msg_type: 'kernel_info_request',
    session,
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
  await server.send('DELETE', `api/sessions/${sessionId}`);
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
