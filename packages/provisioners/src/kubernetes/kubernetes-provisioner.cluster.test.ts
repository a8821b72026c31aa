import { execFile } from 'node:child_process';
import { createServer as createHttpsServer, type Server } from 'node:https';
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { PlaceNews, Usage } from '@perijove/kernels';
import type { TestCluster } from '@perijove/testkit';
import { expect, test } from 'vitest';
import { ClusterPlace, eventually } from './testing/cluster-place.ts';

/** Of this machine, as the test cluster's see it (tools/cluster/README.md). */
const machineAddress = '10.250.0.1';
const forced = (pod: string): string[] => ['delete', 'pod', pod, '--wait=false', '--grace-period=1'];

test('[P2] an image as it is becomes a kernel; nothing of it is left when it ends', async () => {
  await using place = await ClusterPlace.create();
  const kernel = await place.launch();
  const client = await place.talkTo(kernel);
  const { text } = await client.execute('import os; print(os.getpid(), os.getuid(), "PATH" in os.environ)');
  expect(text).toBe('1 1000 True\n');
  const [pod] = await place.pods();
  const secret = JSON.parse(
    await place.cluster.kubectl(['get', 'secret', pod?.metadata.name ?? '', '-o', 'json']),
  ) as { metadata: { ownerReferences: object[] } };
  expect(secret.metadata.ownerReferences).toMatchObject([{ kind: 'Pod', uid: pod?.metadata.uid }]);
  expect(kernel.handle).toMatchObject({ pod: pod?.metadata.name, node: pod?.spec?.nodeName });
  expect(JSON.stringify(kernel.handle)).not.toMatch(/[0-9a-f]{64}/);

  await kernel.destroy(1000);
  expect(await kernel.exited).toMatchObject({ reason: 'destroyed' });
  expect(await place.names('pods')).toEqual([]);
  await eventually('the Secret goes with its pod', async () => (await place.names('secrets')).length === 0);
});

test('[P2] at its own address, where that can be reached, and through the API', async () => {
  await using place = await ClusterPlace.create();
  const kernel = await place.launch();
  expect(kernel.connection).toMatchObject({ transport: 'ipc' });
  const client = await place.talkTo(kernel);
  // More than a buffer holds, both ways.
  const { reply } = await client.execute(`x = ${JSON.stringify('y'.repeat(3_000_000))}; print(x)`);
  expect(reply.content).toMatchObject({ status: 'ok' });
  const direct = await place.adopt(kernel.handle, place.provisioner({ kubernetesConnect: 'pod' }));
  const [pod] = await place.pods();
  expect(direct).toMatchObject({ connection: { transport: 'tcp', ip: pod?.status?.podIP } });
});

test('[P11] an interrupt by signal reaches the kernel', async () => {
  await using place = await ClusterPlace.create();
  const kernel = await place.launch();
  const client = await place.talkTo(kernel);
  const begun = new Promise<void>((resolve) => {
    client.onPublished = ({ header }) => {
      if (header.msg_type === 'stream') resolve();
    };
  });
  const running = client.execute('import time\nprint("begun", flush=True)\ntime.sleep(600)');
  await begun;
  await kernel.interrupt();
  expect((await running).reply.content).toMatchObject({ status: 'error', ename: 'KeyboardInterrupt' });
});

test('[P4] kernels are spread over the nodes as the kernelspec says', async () => {
  await using place = await ClusterPlace.create();
  const provisioner = place.provisioner();
  const spread = {
    labels: { set: 'a' },
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: { matchLabels: { set: 'a' } },
      },
    ],
  };
  await Promise.all([place.launch(spread, provisioner), place.launch(spread, provisioner)]);
  const nodes = (await place.pods()).map(({ spec }) => spec?.nodeName);
  expect(new Set(nodes).size).toBe(2);
});

/** A device of which one node has one, while `use` runs; given what asks for it. */
async function withDevice(
  place: ClusterPlace,
  use: (one: { resources: object }, device: string) => Promise<void>,
): Promise<void> {
  const { cluster, instance } = place;
  const device = `perijove.test/${instance}`;
  const nodes = await cluster.kubectl(['get', 'nodes', '-o', 'jsonpath={.items[*].metadata.name}']);
  const [node = ''] = nodes.split(' ');
  const patch = (op: object): Promise<string> => {
    const path = `/status/capacity/${device.replace('/', '~1')}`;
    const change = JSON.stringify([{ ...op, path }]);
    return cluster.kubectl(['patch', 'node', node, '--subresource=status', '--type=json', '-p', change]);
  };
  await patch({ op: 'add', value: '1' });
  try {
    // The kubelet passes on what the node has.
    await eventually('the node offers the device', async () =>
      (await cluster.kubectl(['get', 'node', node, '-o', 'jsonpath={.status.allocatable}'])).includes(device),
    );
    await use({ resources: { requests: { [device]: '1' }, limits: { [device]: '1' } } }, device);
  } finally {
    await patch({ op: 'remove' });
  }
}

test('[P8] a start says where it is; what waits for a node says what it needs, and starts when there is room', async () => {
  await using place = await ClusterPlace.create();
  const provisioner = place.provisioner();
  await withDevice(place, async (one, device) => {
    const first = await place.launch(one, provisioner);
    const second = place.launch(one, provisioner);
    await eventually('it waits', async () =>
      place.told.some(({ message }) => message.startsWith('Waiting for a node')),
    );
    expect(place.told.at(-1)).toMatchObject({
      phase: 'scheduling',
      message: `Waiting for a node: it needs 1 ${device}; the freest node has 0 ${device}`,
      detail: expect.stringContaining(`Insufficient ${device}`),
    });
    await first.destroy(0);
    await second;
  });
});

test('[P10] a kernel whose place a pod of higher priority needs says so, and that pod starts', async () => {
  await using place = await ClusterPlace.create();
  const provisioner = place.provisioner();
  const urgent = `urgent-${place.instance}`;
  await place.cluster.kubectl(['create', 'priorityclass', urgent, '--value=1000']);
  try {
    await withDevice(place, async (one) => {
      const first = await place.launch(one, provisioner);
      const second = place.launch({ ...one, priorityClassName: urgent }, provisioner);
      expect(await first.exited).toMatchObject({
        reason: 'evicted',
        message: expect.stringMatching(/^preempted: its place was needed by a pod of higher priority/),
      });
      await first.destroy(0);
      await second;
    });
  } finally {
    await place.cluster.kubectl(['delete', 'priorityclass', urgent]);
  }
  // The cluster grants who has to go half a minute.
}, 150_000);

test('[P9] what can never run is refused with the cluster’s reason, and nothing of it is left', async () => {
  await using place = await ClusterPlace.create();
  await place.cluster.kubectl(['create'], {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'team' },
    spec: { hard: { 'limits.memory': '8Gi' } },
  });
  const provisioner = place.provisioner();
  const refusals = [
    [
      { image: 'perijove.test/no-such-image:1', imagePullPolicy: 'Never' },
      {},
      'KERNEL_LAUNCH_FAILED',
      /image perijove.test\/no-such-image:1 cannot be used: .*not present/,
    ],
    [{ image: 'UPPER CASE' }, {}, 'KERNEL_LAUNCH_FAILED', /image UPPER CASE cannot be used/],
    [
      { resources: { requests: { cpu: '1000' }, limits: { cpu: '1000' } } },
      {},
      'KERNEL_NEVER_FITS',
      /it needs 1000 CPUs, and the largest node has \d/,
    ],
    [
      {},
      { resources: { memoryBytes: 2 ** 35 } },
      'KERNEL_NEVER_FITS',
      /larger than the namespace's quota: exceeded quota: team/,
    ],
    [
      {
        volumes: [{ name: 'data', secret: { secretName: 'missing' } }],
        volumeMounts: [{ name: 'data', mountPath: '/data' }],
      },
      {},
      'KERNEL_LAUNCH_FAILED',
      /what the pod needs is not there: .*secret "missing" not found/,
    ],
    [
      { volumes: [{ name: 'home', persistentVolumeClaim: { claimName: 'missing' } }] },
      {},
      'KERNEL_LAUNCH_FAILED',
      /persistentvolumeclaim "missing" not found/,
    ],
    [
      { envFrom: [{ configMapRef: { name: 'missing' } }] },
      {},
      'KERNEL_LAUNCH_FAILED',
      /: configmap "missing" not found$/,
    ],
    [
      { volumes: [{ name: 'root', hostPath: { path: '/' } }] },
      {},
      'KERNEL_LAUNCH_FAILED',
      /Pod Security level refuses the pod: .*hostPath/,
    ],
  ] as const;
  const refused = await Promise.all(
    refusals.map(([config, more]) => place.refusal(config, more, provisioner)),
  );
  expect(refused).toEqual(
    refusals.map(([, , code, message]) =>
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    ),
  );
  expect(await place.names('pods')).toEqual([]);
});

test('[P10] every death is told as it was', async () => {
  await using place = await ClusterPlace.create();
  const provisioner = place.provisioner();
  const [byMemory, byItself, byCrash, byHand, byDrain] = await Promise.all([
    place.launch({}, provisioner, { resources: { memoryBytes: 150 * 2 ** 20 }, requests: {} }),
    place.launch({}, provisioner),
    place.launch({}, provisioner),
    place.launch({}, provisioner),
    place.launch({}, provisioner),
  ] as const);
  const [memory, itself, crash] = await Promise.all(
    [byMemory, byItself, byCrash].map((kernel) => place.talkTo(kernel)),
  );
  const podOf = (kernel: typeof byHand): string => String(kernel.handle['pod']);
  // None of them answers any more.
  memory?.execute('x = bytearray(1 << 30)', { timeoutMs: 60_000 }).catch(() => undefined);
  itself
    // ipykernel passes on what is written to its standard error, some time later: this goes to the stream itself.
    ?.execute('import os, sys; os.write(sys.stderr._original_stdstream_copy, b"farewell\\n"); os._exit(3)')
    .catch(() => undefined);
  crash?.execute('import ctypes; ctypes.string_at(0)').catch(() => undefined);
  await place.cluster.kubectl(forced(podOf(byHand)));
  await place.cluster.kubectl(
    ['create', '--raw', `/api/v1/namespaces/${place.cluster.namespace}/pods/${podOf(byDrain)}/eviction`],
    {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: podOf(byDrain), namespace: place.cluster.namespace },
      deleteOptions: { gracePeriodSeconds: 1 },
    },
  );
  expect(await byMemory.exited).toMatchObject({
    reason: 'outOfMemory',
    message: 'out of memory: used 150.0 of 150.0 MiB',
  });
  expect(await byItself.exited).toMatchObject({
    reason: 'exited',
    code: 3,
    lastLines: expect.arrayContaining(['farewell']),
  });
  expect(await byCrash.exited).toMatchObject({
    reason: 'exited',
    signal: 'SIGSEGV',
    message: 'killed by signal SIGSEGV',
  });
  expect(await byHand.exited).toMatchObject({
    reason: 'destroyed',
    message: `somebody deleted its pod ${podOf(byHand)}`,
  });
  expect(await byDrain.exited).toMatchObject({
    reason: 'evicted',
    message: expect.stringMatching(/^evicted: its node \S+ is being emptied$/),
  });
});

test('[P10] a kernel whose node is lost dies of that, and its pod does not stay', async () => {
  await using place = await ClusterPlace.create();
  // A node without anybody behind it: to the cluster it is one that was there, and is heard of no more.
  const node = `lost-${place.instance}`;
  await place.cluster.kubectl(['create'], {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: node, labels: { 'perijove.test/lost': place.instance } },
  });
  try {
    const setStatus = (kind: string, name: string, status: object): Promise<string> =>
      place.cluster.kubectl([
        'patch',
        kind,
        name,
        '--subresource=status',
        '--type=merge',
        '-p',
        JSON.stringify({ status }),
      ]);
    await setStatus('node', node, {
      capacity: { cpu: '4', memory: '8Gi', pods: '10' },
      allocatable: { cpu: '4', memory: '8Gi', pods: '10' },
      conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }],
    });
    const launched = place.launch({
      nodeSelector: { 'perijove.test/lost': place.instance },
      tolerations: [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoSchedule' }],
    });
    await eventually('it has a node', async () => (await place.pods())[0]?.spec?.nodeName === node);
    const pod = (await place.pods())[0]?.metadata.name ?? '';
    await setStatus('pod', pod, {
      phase: 'Running',
      podIP: '10.0.0.1',
      podIPs: [{ ip: '10.0.0.1' }],
      containerStatuses: [
        {
          name: 'kernel',
          image: 'i',
          imageID: 'i',
          ready: true,
          restartCount: 0,
          started: true,
          state: { running: { startedAt: new Date().toISOString() } },
        },
      ],
    });
    const kernel = await launched;
    expect(await kernel.exited).toMatchObject({
      reason: 'nodeLost',
      message: expect.stringMatching(new RegExp(`^its node ${node} is lost`)),
    });
    await kernel.destroy(5000);
    expect(await place.names('pods')).toEqual([]);
  } finally {
    await place.cluster.kubectl(['delete', 'node', node, '--wait=false']);
  }
}, 180_000);

test('[P12] while the API is away nothing has ended; when it is back it goes on', async () => {
  await using place = await ClusterPlace.create();
  await using api = await ApiBehindProxy.open(place.cluster.kubeconfig);
  const kernel = await place.launch(
    {},
    place.provisioner({ kubeconfig: api.kubeconfig, kubernetesConnect: 'pod' }),
  );
  const news: PlaceNews[] = [];
  let onNews = (): void => undefined;
  kernel.watchPlace?.((one) => {
    news.push(one);
    onNews();
  });
  const next = (): Promise<void> => new Promise((resolve) => (onNews = () => resolve()));
  const lost = next();
  api.cut();
  await lost;
  expect(news).toMatchObject([{ type: 'lost', message: expect.stringContaining("the cluster's API") }]);
  const found = next();
  await api.mend();
  await found;
  expect(news).toHaveLength(2);
  // What happened meanwhile is told.
  await place.cluster.kubectl(forced(String(kernel.handle['pod'])));
  expect(await kernel.exited).toMatchObject({ reason: 'destroyed' });
});

test('[P13] a kernel is adopted by its handle, or by its id alone; what has ended meanwhile is told', async () => {
  await using place = await ClusterPlace.create();
  const former = place.provisioner();
  const [kernel, ended] = await Promise.all([place.launch({}, former), place.launch({}, former)]);
  await (await place.talkTo(kernel)).execute('x = 6 * 7');
  const dying = await place.talkTo(ended);
  dying.execute('import os; os._exit(9)').catch(() => undefined);
  await ended.exited;
  former.close?.();

  const { kernelId, provisioner } = kernel.handle;
  for (const handle of [kernel.handle, { provisioner, kernelId }]) {
    const found = await place.adopt(handle);
    if (!found || 'ended' in found) throw new Error('it was not found');
    expect((await (await place.talkTo(found)).execute('print(x)')).text).toBe('42\n');
  }
  expect(await place.adopt(ended.handle)).toMatchObject({ ended: { reason: 'exited', code: 9 } });
  expect(await place.adopt(ended.handle)).toMatchObject({
    ended: { reason: 'destroyed', message: expect.stringContaining('was deleted') },
  });
  expect(await place.adopt({ provisioner, kernelId: 'unheard-of' })).toBeUndefined();
});

test('[P16] a server that has no records finds the kernels of its instance, and how they were launched', async () => {
  await using place = await ClusterPlace.create();
  const former = place.provisioner();
  const launch = { kernelId: 'of-ada', env: { JPY_SESSION_NAME: 'a.ipynb' }, cwd: '/data' };
  const kernel = await place.launch({}, former, launch);
  await (await place.talkTo(kernel)).execute('x = 6 * 7');
  former.close?.();
  // A start that has not come far.
  const waiting = place.request({
    image: 'perijove.test/no-such-image:1',
    nodeSelector: { 'perijove.test/nowhere': 'x' },
  });
  place
    .provisioner()
    .launch(waiting, place.context())
    .catch(() => undefined);
  await eventually('both are there', async () => (await place.pods()).length === 2);

  const found = (await place.provisioner().find?.()) ?? [];
  const [first, second] = found.toSorted((a, b) => a.launchedAt - b.launchedAt);
  expect(first).toMatchObject({
    launch: {
      ...launch,
      kernelspec: 'python',
      username: 'ada',
      resources: { memoryBytes: 300 * 2 ** 20, cpus: 1 },
    },
    isLaunched: true,
  });
  expect(second).toMatchObject({ launch: { kernelId: waiting.kernelId }, isLaunched: false });
  const adopted = await place.adopt(first!.handle);
  if (!adopted || 'ended' in adopted) throw new Error('it was not adopted');
  expect((await (await place.talkTo(adopted)).execute('print(x)')).text).toBe('42\n');
});

test('[P17] a pod that no kernel has is removed, those of kernels stay', async () => {
  await using place = await ClusterPlace.create();
  const former = place.provisioner();
  const [kept, forgotten] = await Promise.all([place.launch({}, former), place.launch({}, former)]);
  former.close?.();
  const next = place.provisioner({ kubernetesOrphanS: 1 });
  await place.adopt(kept.handle, next);
  await next.find?.();
  await eventually('one is left', async () => (await place.names('pods')).length === 1);
  expect(await place.names('pods')).toEqual([`pod/${String(kept.handle['pod'])}`]);
  expect(forgotten.handle['pod']).not.toBe(kept.handle['pod']);
});

test.each(['pod', 'port-forward'] as const)(
  '[P18] a kernel that is adopted while the API is away is there when it is back (%s)',
  async (kubernetesConnect) => {
    await using place = await ClusterPlace.create();
    await using api = await ApiBehindProxy.open(place.cluster.kubeconfig);
    const former = place.provisioner({ kubernetesConnect });
    const { handle } = await place.launch({}, former);
    former.close?.();
    api.cut();
    const kernel = await place.adopt(
      handle,
      place.provisioner({ kubeconfig: api.kubeconfig, kubernetesConnect }),
    );
    if (!kernel || 'ended' in kernel) throw new Error('it was not adopted');
    expect(kernel.handle).toEqual(handle);
    const lost = new Promise<void>((resolve) => {
      kernel.watchPlace?.(({ type }) => {
        if (type === 'lost') resolve();
      });
    });
    await lost;
    const answered = place.answerTo(kernel);
    await api.mend();
    await answered;
    await kernel.destroy(0);
    expect(await place.names('pods')).toEqual([]);
  },
);

test('[P9] a registry that does not answer is asked again, and that is said; nothing stays of a start that is given up', async () => {
  await using place = await ClusterPlace.create();
  const abort = new AbortController();
  const config = { image: '192.0.2.1:1/nobody/there:1' };
  const launched = place.provisioner().launch(place.request(config), place.context(abort.signal));
  const refused = expect(launched).rejects.toMatchObject({ code: 'KERNEL_LAUNCH_FAILED' });
  await eventually('it is told', async () =>
    place.told.some(({ message }) => message.endsWith('it is tried again')),
  );
  expect(place.told.at(-1)).toMatchObject({ phase: 'pulling', detail: expect.stringContaining('192.0.2.1') });
  abort.abort();
  await refused;
  expect(await place.names('pods')).toEqual([]);
});

test('[P14] a start that is called off leaves nothing', async () => {
  await using place = await ClusterPlace.create();
  const abort = new AbortController();
  const config = { nodeSelector: { 'perijove.test/nowhere': 'x' } };
  const launched = place.provisioner().launch(place.request(config), place.context(abort.signal));
  const refused = expect(launched).rejects.toMatchObject({ message: 'the start was cancelled' });
  await eventually('it waits', async () =>
    place.told.some(({ message }) => message.startsWith('Waiting for a node')),
  );
  abort.abort();
  await refused;
  expect(await place.names('pods')).toEqual([]);
});

test('[P15] the rights that the documentation names are enough', async () => {
  await using place = await ClusterPlace.create();
  const { namespace } = place.cluster;
  const kubectl: typeof place.cluster.kubectl = (...args) => place.cluster.kubectl(...args);
  const rule = (resources: string[], verbs: string[]): object => ({ apiGroups: [''], resources, verbs });
  await kubectl(['create', 'serviceaccount', 'gateway']);
  await kubectl(['create'], {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'gateway' },
    rules: [
      rule(['pods'], ['get', 'list', 'watch', 'create', 'patch', 'delete']),
      rule(['secrets'], ['get', 'create']),
      rule(['pods/log'], ['get']),
      rule(['pods/exec', 'pods/portforward'], ['get', 'create']),
      rule(['events'], ['list', 'watch']),
    ],
  });
  await kubectl([
    'create',
    'rolebinding',
    'gateway',
    '--role=gateway',
    `--serviceaccount=${namespace}:gateway`,
  ]);
  const token = (await kubectl(['create', 'token', 'gateway'])).trim();
  await using access = await withToken(place.cluster.kubeconfig, token);

  const kernel = await place.launch({}, place.provisioner({ kubeconfig: access.kubeconfig }));
  const client = await place.talkTo(kernel);
  expect((await client.execute('print(1)')).text).toBe('1\n');
  await kernel.interrupt();
  expect(await kernel.logs?.()).toEqual(expect.any(Array));
  await kernel.keep?.('whose it is');
  const [pod] = await place.pods();
  expect(pod?.metadata.annotations).toMatchObject({ 'perijove.dev/note': 'whose it is' });
  await kernel.destroy(0);
  const nowhere = place.provisioner({ kubeconfig: access.kubeconfig, kubernetesNamespace: 'default' });
  expect(await place.refusal({}, {}, nowhere)).toMatchObject({
    message: expect.stringMatching(/may not make pods in the cluster: .*needs the verbs/),
  });
});

test('[P23] the nodes are told with what they have, to who may see them; else there are none', async () => {
  await using place = await ClusterPlace.create();
  const machines = (await place.provisioner().machines?.()) ?? [];
  const nodes = await place.cluster.kubectl(['get', 'nodes', '-o', 'jsonpath={.items[*].metadata.name}']);
  expect(machines.map(({ name }) => name).toSorted()).toEqual(nodes.split(' ').toSorted());
  for (const { capacity } of machines) {
    expect(capacity.cpus).toBeGreaterThan(0.5);
    expect(capacity.memoryBytes).toBeGreaterThan(2 ** 28);
  }
  await place.cluster.kubectl(['create', 'serviceaccount', 'nobody']);
  const token = (await place.cluster.kubectl(['create', 'token', 'nobody'])).trim();
  await using access = await withToken(place.cluster.kubeconfig, token);
  expect(await place.provisioner({ kubeconfig: access.kubeconfig }).machines?.()).toEqual([]);
});

test('[P22] what a kernel uses is what the cluster measures, within the limits of its pod; where nothing is measured, nothing is said', async () => {
  await using place = await ClusterPlace.create();
  const kernel = await place.launch({}, place.provisioner(), {
    resources: { memoryBytes: 300 * 2 ** 20, cpus: 1 },
  });
  // A cluster with a metrics-server of its own has one already.
  const measures = await place.cluster
    .kubectl(['get', 'apiservice', 'v1beta1.metrics.k8s.io'])
    .then(() => true, () => false); // prettier-ignore
  if (!measures) expect(await kernel.usage?.()).toBeUndefined();
  await using _metrics = measures
    ? undefined
    : await MetricsApi.open(place.cluster, String(kernel.handle['pod']));
  const seen = place.provisioner();
  const adopted = await place.adopt(kernel.handle, seen);
  if (!adopted || 'ended' in adopted) throw new Error('it was not found');
  let usage: Usage | undefined;
  await eventually(
    'it is measured',
    async () => (usage = await adopted.usage?.())?.memoryBytes !== undefined,
  );
  expect(usage).toMatchObject({ memoryLimitBytes: 300 * 2 ** 20, cpus: 1 });
  expect(usage?.memoryBytes).toBeGreaterThan(10 * 2 ** 20);
  await eventually(
    'its processors are counted',
    async () => ((await adopted.usage?.())?.cpuSeconds ?? 0) > 0,
  );
});

/** An API of the cluster's that a server here stands behind (Kubernetes docs, "API Aggregation Layer"), instead of metrics-server. */
class MetricsApi implements AsyncDisposable {
  readonly #cluster: TestCluster;
  readonly #server: Server;

  static async open(cluster: TestCluster, pod: string): Promise<MetricsApi> {
    const folder = await mkdtemp(join(tmpdir(), 'perijove-metrics-'));
    const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
    const subject = ['-subj', '/CN=metrics', '-days', '1', '-nodes', '-keyout', key, '-out', cert];
    await promisify(execFile)('openssl', ['req', '-x509', '-newkey', 'rsa:2048', ...subject]);
    const usage = { cpu: '250000000n', memory: '65536Ki' };
    const metrics = {
      metadata: { name: pod },
      timestamp: new Date(),
      containers: [{ name: 'kernel', usage }],
    };
    const kinds = [
      { name: 'pods', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'], singularName: '' },
    ];
    const server = createHttpsServer(
      { key: await readFile(key), cert: await readFile(cert) },
      (request, response) => {
        const group = { apiVersion: 'metrics.k8s.io/v1beta1' };
        const isList = request.url?.includes('/pods') === true;
        response.setHeader('content-type', 'application/json');
        response.end(
          JSON.stringify(
            isList
              ? { ...group, kind: 'PodMetricsList', metadata: {}, items: [metrics] }
              : {
                  kind: 'APIResourceList',
                  apiVersion: 'v1',
                  groupVersion: group.apiVersion,
                  resources: kinds,
                },
          ),
        );
      },
    );
    server.listen(0, machineAddress);
    await once(server, 'listening');
    await rm(folder, { recursive: true });
    const { port } = server.address() as AddressInfo;
    const name = { metadata: { name: 'metrics' } };
    await cluster.kubectl(['create'], {
      apiVersion: 'v1',
      kind: 'Service',
      ...name,
      spec: { type: 'ExternalName', externalName: machineAddress, ports: [{ port }] },
    });
    await cluster.kubectl(['create'], {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: 'v1beta1.metrics.k8s.io' },
      spec: {
        group: 'metrics.k8s.io',
        version: 'v1beta1',
        service: { ...name.metadata, namespace: cluster.namespace, port },
        insecureSkipTLSVerify: true,
        groupPriorityMinimum: 100,
        versionPriority: 100,
      },
    });
    await cluster.kubectl([
      'wait',
      '--for=condition=Available',
      'apiservice',
      'v1beta1.metrics.k8s.io',
      '--timeout=50s',
    ]);
    return new MetricsApi(cluster, server);
  }

  private constructor(cluster: TestCluster, server: Server) {
    this.#cluster = cluster;
    this.#server = server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cluster.kubectl(['delete', 'apiservice', 'v1beta1.metrics.k8s.io']);
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** The cluster's API with a cable that can be cut. */
class ApiBehindProxy implements AsyncDisposable {
  kubeconfig = '';
  readonly #sockets = new Set<Socket>();
  readonly #folder: string;
  readonly #api: URL;
  readonly #server = createServer((socket) => this.#pass(socket));
  #port = 0;

  static async open(kubeconfig: string): Promise<ApiBehindProxy> {
    const text = await readFile(kubeconfig, 'utf8');
    const server = /server: "?(https:\/\/[^"\s,}]+)/.exec(text)?.[1] ?? '';
    const proxy = new ApiBehindProxy(await mkdtemp(join(tmpdir(), 'pj-api-')), new URL(server));
    await proxy.mend();
    proxy.kubeconfig = join(proxy.#folder, 'kubeconfig');
    const there = `server: "https://127.0.0.1:${proxy.#port}", tls-server-name: kubernetes`;
    await writeFile(proxy.kubeconfig, text.replace(/server: "[^"]+"/, there));
    return proxy;
  }

  private constructor(folder: string, api: URL) {
    this.#folder = folder;
    this.#api = api;
  }

  cut(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async mend(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as { port: number }).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await rm(this.#folder, { recursive: true });
  }

  #pass(socket: Socket): void {
    const onward = connect(Number(this.#api.port), this.#api.hostname);
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      this.#sockets.add(one);
      one.pipe(other);
      one.on('error', () => undefined);
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }
}

/** The same cluster for somebody else. */
async function withToken(
  kubeconfig: string,
  token: string,
): Promise<AsyncDisposable & { readonly kubeconfig: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'pj-token-'));
  const text = await readFile(kubeconfig, 'utf8');
  const file = join(folder, 'kubeconfig');
  await writeFile(file, text.replace(/user: \{client-certificate-data.*\}/, `user: {token: ${token}}`));
  return { kubeconfig: file, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}
