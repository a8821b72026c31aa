// Kernels in the pods of a real cluster: a start over a plain pod of the same image, twenty at once, a round trip over a client of ours
// on the pod's own ports, what an idle kernel costs the server and the cluster's API, what a thousand pods cost the server.
// Needs `npm run build`, and a cluster whose pods can be reached from here: `eval "$(tools/cluster/up)"`, and
// PERIJOVE_TEST_KERNEL_IMAGE, an image of `tools/cluster/image kernel`. Usage: node benchmarks/cluster.js [turns] [starts|trips|idle|crowd]
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { testCluster } from '../packages/testkit/dist/index.js';
import { median, start } from './roles/bench.js';
import { compare, percentile, Results, sayConditions, sayLoadAfter } from './servers/report.js';
import { makeFolders, removeFolders, startKernel, startServer } from './servers/start-server.js';

const turns = Number(process.argv[2] ?? 7);
const part = process.argv[3];
const many = 20;
const crowd = 1000;
const idleS = 60;
const instance = 'bench';
const cluster = await testCluster();
const { namespace, kubeconfig, image } = cluster;
const results = new Results();
const folders = makeFolders();
const argv = ['python3', '-m', 'ipykernel_launcher', '-f'];
const resources = { requests: { cpu: '10m', memory: '64Mi' }, limits: { cpu: '1', memory: '1Gi' } };
const folder = join(folders.home, '.local/share/jupyter/kernels/bench-pod');
mkdirSync(folder, { recursive: true });
writeFileSync(
  join(folder, 'kernel.json'),
  JSON.stringify({
    argv: [...argv, '{connection_file}'],
    display_name: 'Pod',
    language: 'python',
    metadata: { kernel_provisioner: { provisioner_name: 'kubernetes', config: { image, resources } } },
  }),
);
const api = await countingApi();
let names = 0;
sayConditions(['perijove']);

const place = [
  '--kubernetes-namespace',
  namespace,
  '--kubernetes-instance',
  instance,
  '--kubernetes-orphan-s',
  '86400',
];
const started = [];
const serve = async (...more) => {
  const server = await startServer('perijove', folders, { args: [...place, ...more] });
  started.push(server);
  return server;
};
try {
  const parts = { starts: someStarts, trips: roundTrips, idle: idleKernels, crowd: aCrowd };
  for (const [name, run] of Object.entries(parts)) if (part === undefined || part === name) await run();
} finally {
  for (const server of started) await server.stop();
  await cluster.remove();
  await api.close();
  await removeFolders(folders);
}
sayLoadAfter();

/** One start, and many at once. */
async function someStarts() {
  const server = await serve('--kubeconfig', kubeconfig, '--kubernetes-connect', 'pod');
  await oneStart(server, 'warm');
  await plainPods(1);
  for (let turn = 0; turn < turns; turn++) {
    results.note('kubectl', 'start', (await plainPods(1)).at(-1));
    results.note('perijove', 'start', await oneStart(server, `turn${turn}`));
  }
  const starts = results.of('start', median);
  compare('asked for until its first reply', 'ms', starts, {
    goal: `≤ ${(starts.kubectl + 1000).toFixed(0)}`,
    digits: 0,
  });

  const plain = Math.max(...(await plainPods(many)));
  // Whoever asks is there before, as people's browsers are.
  const clients = await Promise.all(Array.from({ length: many }, () => readyClient()));
  const ours = await Promise.all(clients.map((client, index) => oneStart(server, `many${index}`, client)));
  compare(
    `${many} at once, until the last one replied`,
    'ms',
    { perijove: Math.max(...ours), kubectl: plain },
    { digits: 0 },
  );
  compare(
    '  more than plain pods, for each',
    'ms',
    { perijove: Math.max(0, (Math.max(...ours) - plain) / many) },
    { goal: '≤ 300', digits: 0 },
  );
  await server.stop('SIGINT');
  await gone();
}

/** Milliseconds until a kernel of ours has given its first reply. */
async function oneStart(server, name, client = start('websocket')) {
  const from = performance.now();
  const { url } = await startKernel(server, 'bench-pod', name);
  await client.ask({ do: 'connect', url, count: 1, framing: 'v1' });
  await client.ask({ do: 'roundTrips', count: 1, pauseMs: 0 });
  const ms = performance.now() - from;
  await client.stop();
  return ms;
}

async function readyClient() {
  const client = start('websocket');
  await client.ask({ do: 'connect', url: '', count: 0 });
  return client;
}

/** Milliseconds until each of so many plain pods, with the same image and program, has its port open. */
async function plainPods(count) {
  const connection = {
    transport: 'tcp', ip: '0.0.0.0', shell_port: 31001, iopub_port: 31002, stdin_port: 31003, control_port: 31004, hb_port: 31005,
    key: randomBytes(16).toString('hex'), signature_scheme: 'hmac-sha256',
  }; // prettier-ignore
  const config = `plain-${(names += 1)}`;
  await cluster.kubectl(['create'], {
    apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: config }, data: { 'c.json': JSON.stringify(connection) },
  }); // prettier-ignore
  const pods = Array.from({ length: count }, (_, index) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${config}-${index}` },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      volumes: [{ name: 'c', configMap: { name: config } }],
      containers: [
        {
          name: 'kernel',
          image,
          command: [...argv, '/c/c.json'],
          resources,
          volumeMounts: [{ name: 'c', mountPath: '/c' }],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  }));
  const from = performance.now();
  await cluster.kubectl(['create'], { apiVersion: 'v1', kind: 'List', items: pods });
  const times = await Promise.all(
    pods.map(async ({ metadata: { name } }) => {
      let ip;
      while (ip === undefined) {
        ip = (await api.ask('GET', `/api/v1/namespaces/${namespace}/pods/${name}`)).status?.podIP;
        if (ip === undefined) await delay(20);
      }
      while (!(await isOpen(ip, 31001))) await delay(10);
      return performance.now() - from;
    }),
  );
  await cluster.kubectl([
    'delete',
    'pods',
    '--grace-period=1',
    '--wait',
    ...pods.map(({ metadata }) => metadata.name),
  ]);
  return times;
}

function isOpen(host, port) {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 500 });
    const end = (is) => {
      resolve(is);
      socket.destroy();
    };
    socket.on('connect', () => end(true));
    socket.on('timeout', () => end(false));
    socket.on('error', () => end(false));
  });
}

/** A round trip through the server, by the pod's address and by port-forward, and by a client on the pod's own ports. */
async function roundTrips() {
  const server = await serve('--kubeconfig', kubeconfig, '--kubernetes-connect', 'pod');
  const { url } = await startKernel(server, 'bench-pod', 'trips');
  const clients = { perijove: start('websocket'), direct: start('direct') };
  await clients.perijove.ask({ do: 'connect', url, count: 1, framing: 'v1' });
  await clients.perijove.ask({ do: 'roundTrips', count: 1 });
  const [pod] = JSON.parse(
    await cluster.kubectl(['get', 'pods', '-l', 'app.kubernetes.io/component=kernel', '-o', 'json']),
  ).items;
  const secret = JSON.parse(await cluster.kubectl(['get', 'secret', pod.metadata.name, '-o', 'json']));
  const connection = JSON.parse(Buffer.from(Object.values(secret.data)[0], 'base64').toString());
  await clients.direct.ask({ do: 'connect', connection: { ...connection, ip: pod.status.podIP }, count: 1 });
  await measure(clients);
  await clients.perijove.stop();
  await server.stop();

  const outside = await serve('--kubeconfig', kubeconfig, '--kubernetes-connect', 'port-forward');
  const forwarded = start('websocket');
  await forwarded.ask({
    do: 'connect',
    url: url.replace(/:\d+\//, `:${outside.port}/`),
    count: 1,
    framing: 'v1',
  });
  await forwarded.ask({ do: 'roundTrips', count: 1 });
  await measure({ 'by port-forward': forwarded });
  const times = results.of('trip', median);
  const { direct, ...through } = times;
  compare('round trip over direct, median', 'ms', overDirect(through, direct), { goal: '≤ 0.5', digits: 2 });
  const { direct: slow, ...slower } = results.of('trip', (values) => percentile(values, 0.99));
  compare('round trip over direct, p99', 'ms', overDirect(slower, slow), { digits: 2 });
  await clients.direct.stop();
  await forwarded.stop();
  await outside.stop('SIGINT');
  await gone();
}

function overDirect(times, direct) {
  return Object.fromEntries(Object.entries(times).map(([name, ms]) => [name, ms - direct]));
}

async function measure(clients) {
  for (const client of Object.values(clients)) await client.ask({ do: 'roundTrips', count: 200 });
  for (let turn = 0; turn < 10; turn++) {
    for (const [name, client] of Object.entries(clients))
      for (const ms of (await client.ask({ do: 'roundTrips', count: 50 })).times)
        results.note(name, 'trip', ms);
  }
}

/** Memory of the server and requests to the API for each kernel that idles. */
async function idleKernels() {
  const server = await serve('--kubeconfig', api.kubeconfig, '--kubernetes-connect', 'pod');
  await oneStart(server, 'idle');
  const rest = await quiet(server);
  for (let index = 0; index < many; index++) await oneStart(server, `idle${index}`);
  const with20 = await quiet(server);
  compare(
    'memory for each idle kernel',
    'MB',
    { perijove: (with20.rss - rest.rss) / many / 1000 },
    { goal: '≤ 1', digits: 2 },
  );
  const perHour = (counted) => counted * (3600 / idleS);
  compare(
    'API requests for each idle kernel and hour',
    '',
    { perijove: perHour(with20.requests - rest.requests) / many },
    { goal: '≤ 1' },
  );
  compare('  of the server itself, an hour', '', { perijove: perHour(rest.requests) });
  await server.stop('SIGINT');
  await gone();
}

async function quiet(server) {
  await delay(5000);
  const before = api.counted();
  const cpu = server.cpu();
  await delay(idleS * 1000);
  return {
    rss: server.memory().rss,
    requests: api.counted() - before,
    cpu: (server.cpu() - cpu) / 1000 / idleS,
  };
}

/** Pods of this server on a node that is none: to it, they are kernels of which nobody asks anything. */
async function aCrowd() {
  const server = await serve('--kubeconfig', api.kubeconfig, '--kubernetes-connect', 'pod');
  await oneStart(server, 'crowd');
  const alone = await quiet(server);
  const labels = {
    'app.kubernetes.io/name': 'perijove-kernel',
    'app.kubernetes.io/component': 'kernel',
    'app.kubernetes.io/managed-by': 'perijove',
    'app.kubernetes.io/instance': instance,
  };
  const podOf = (index) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `crowd-${index}`, labels: { ...labels, 'perijove.dev/kernel-id': `crowd-${index}` } },
    spec: {
      nodeSelector: { 'perijove.test/none': 'x' },
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'kernel',
          image,
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  });
  for (let from = 0; from < crowd; from += 100) {
    const items = Array.from({ length: 100 }, (_, index) => podOf(from + index));
    await cluster.kubectl(['create'], { apiVersion: 'v1', kind: 'List', items });
  }
  const crowded = await quiet(server);
  compare(
    `processors while ${crowd} pods are watched`,
    '%',
    { perijove: crowded.cpu / 10, 'one pod': alone.cpu / 10 },
    { digits: 2 },
  );
  compare('  memory for each', 'kB', { perijove: (crowded.rss - alone.rss) / crowd });
  compare(
    '  API requests in a minute',
    '',
    { perijove: crowded.requests, 'one pod': alone.requests },
    { digits: 0 },
  );
  // Enterprise Gateway lists each kernel's pods by its label every few seconds.
  const before = performance.now();
  for (let index = 0; index < crowd; index += 20)
    await Promise.all(
      Array.from({ length: 20 }, (_, more) =>
        api.ask(
          'GET',
          `/api/v1/namespaces/${namespace}/pods?labelSelector=perijove.dev/kernel-id%3Dcrowd-${index + more}`,
        ),
      ),
    );
  console.log(
    `one poll of each of them, as Enterprise Gateway does: ${((performance.now() - before) / 1000).toFixed(1)} s, ${crowd} requests`,
  );
}

/** Until no kernel of the last server is left. */
async function gone() {
  const left = async () =>
    (await cluster.kubectl(['get', 'pods', '-l', 'app.kubernetes.io/component=kernel', '-o', 'name'])).trim();
  for (let tries = 0; (await left()) !== ''; tries++) {
    if (tries > 120) throw new Error('kernels were left behind');
    await delay(500);
  }
}

/** The cluster's API without TLS, each request of which is counted. */
async function countingApi() {
  const child = spawn('kubectl', ['--kubeconfig', kubeconfig, 'proxy', '--port=0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PATH: `${cluster.bin}:${process.env.PATH}` },
  });
  const [line] = await once(child.stdout, 'data');
  const port = Number(/:(\d+)/.exec(line)[1]);
  let count = 0;
  const server = createServer((asked, answer) => {
    count += 1;
    const passed = httpRequest(
      {
        port,
        host: '127.0.0.1',
        method: asked.method,
        path: asked.url,
        headers: { ...asked.headers, host: `127.0.0.1:${port}` },
      },
      (response) => {
        answer.writeHead(response.statusCode, response.headers);
        response.pipe(answer);
      },
    );
    passed.on('error', () => answer.destroy());
    answer.on('close', () => passed.destroy());
    asked.pipe(passed);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${server.address().port}`;
  const file = join(folders.base, 'counted.json');
  writeFileSync(
    file,
    JSON.stringify({
      apiVersion: 'v1', kind: 'Config', 'current-context': 'c', contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server: url, 'insecure-skip-tls-verify': true } }], users: [{ name: 'u', user: {} }],
    }),
  ); // prettier-ignore
  return {
    kubeconfig: file,
    counted: () => count,
    ask: async (method, path) => (await fetch(`http://127.0.0.1:${port}${path}`, { method })).json(),
    close: async () => {
      server.closeAllConnections();
      server.close();
      child.kill();
    },
  };
}
