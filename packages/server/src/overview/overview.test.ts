import type { KernelState, UsageSample } from '@perijove/kernels';
import { kernelPhaseSchemaId } from '@perijove/kernels';
import {
  overviewKernelSchemaId,
  overviewMachinesSchemaId,
  type Amounts,
  type ExecutionState,
  type Overview,
  type SessionModel,
} from '@perijove/protocol';
import pino from 'pino';
import { expect, test } from 'vitest';
import { allEventSchemas } from '../events/all-event-schemas.ts';
import type { ServerEvent } from '../events/event-bus.ts';
import { JupyterEventBus } from '../events/jupyter-event-bus.ts';
import { openTestUsers } from '../auth/test-users.ts';
import { createTestApp, withToken } from '../http/test-app.ts';
import { metricsRoutes } from '../status/metrics-routes.ts';
import { kernelRow, type OverviewedKernel } from './kernel-row.ts';
import { machineRows } from './machine-rows.ts';
import { overviewRoutes } from './overview-routes.ts';
import { OverviewSource } from './overview.ts';

const gibibyte = 2 ** 30;
const running: KernelState = { status: 'running', since: 0, restarts: 0 };

interface Given {
  state?: KernelState;
  executionState?: ExecutionState;
  username?: string;
  resources?: Amounts;
  requests?: Amounts;
}

function kernel(id: string, given: Given = {}): OverviewedKernel & { executionState: ExecutionState } {
  const { state = running, executionState = 'idle', username = 'ada', resources = {}, requests } = given;
  return {
    id,
    name: 'python3',
    state,
    executionState,
    lastActivity: 5000,
    connections: 1,
    model: {},
    record: {
      username,
      provisioner: 'local',
      createdAt: 1000,
      resources,
      ...(requests === undefined ? {} : { requests }),
    },
  };
}

/** A source over these kernels, and what its bus was told of the overview. */
function sourceOf(kernels: OverviewedKernel[], usage: Record<string, UsageSample> = {}) {
  const bus = new JupyterEventBus(pino({ level: 'silent' }), allEventSchemas);
  const told: ServerEvent[] = [];
  const source = new OverviewSource({
    registry: { list: () => kernels, get: (id) => kernels.find((each) => each.id === id) },
    sessions: {
      list: () =>
        [
          { id: 's', path: 'a/b.ipynb', name: '', type: 'notebook', kernel: { id: 'k1' } },
        ] as never as SessionModel[],
    },
    kernelspecs: {
      get: async (name) => ({
        name,
        resourceDir: '/',
        spec: { argv: [], display_name: 'Python 3', language: 'python' },
      }),
    },
    usageOf: (id) => usage[id],
    machines: async () => [{ name: 'here', capacity: { memoryBytes: 8 * gibibyte, cpus: 4 } }],
    kernelPlaceOf: () => ({ node: 'here' }),
    bus,
  });
  bus.subscribe((event) => {
    if (event.schemaId !== kernelPhaseSchemaId) told.push(event);
  });
  return { source, bus, told };
}

const facts = {
  displayName: 'Python 3',
  notebook: undefined,
  place: { node: 'here', pod: 'kernel-1', image: 'python:3' },
  news: undefined,
  usage: undefined,
};

test('[OV1] a row says what a kernel is at, and what it uses of what it may', () => {
  const row = kernelRow(
    kernel('k1', { resources: { memoryBytes: 2 * gibibyte, cpus: 1 }, requests: { cpus: 0.1 } }),
    {
      ...facts,
      notebook: 'a.ipynb',
      usage: { at: 0, memoryBytes: gibibyte, cpuSeconds: 3, cpus: 0.25 },
    },
  );
  expect(row).toEqual({
    id: 'k1',
    user: 'ada',
    kernelspec: 'python3',
    displayName: 'Python 3',
    notebook: 'a.ipynb',
    phase: 'idle',
    sentence: 'Idle.',
    node: 'here',
    pod: 'kernel-1',
    image: 'python:3',
    resources: {
      limit: { memoryBytes: 2 * gibibyte, cpus: 1 },
      request: { memoryBytes: 2 * gibibyte, cpus: 0.1 },
      used: { memoryBytes: gibibyte, cpus: 0.25 },
    },
    started: '1970-01-01T00:00:01.000Z',
    lastActivity: '1970-01-01T00:00:05.000Z',
    connections: 1,
  });
});

test.each<[KernelState, ExecutionState, string, string]>([
  [{ status: 'queued', step: 'waiting' }, 'starting', 'queued', 'Waiting for room.'],
  [{ status: 'launching', step: 'starting', attempt: 1, until: 0 }, 'starting', 'starting', 'Starting.'],
  [{ status: 'launching', step: 'connecting', attempt: 1, until: 0 }, 'starting', 'connecting', 'Starting.'],
  [running, 'busy', 'busy', 'Computing.'],
  [running, 'idle', 'idle', 'Idle.'],
  [
    { status: 'restarting', step: 'ending', by: 'client', attempt: 1, restarts: 0, until: 0 },
    'restarting',
    'restarting',
    'Restarting.',
  ],
  [
    { status: 'stopping', step: 'ending', reason: 'client', until: 0 },
    'terminating',
    'stopping',
    'Stopping.',
  ],
  [
    { status: 'lost', message: 'Its machine is away.', since: 0, restarts: 0 },
    'idle',
    'lost',
    'Its machine is away.',
  ],
  [{ status: 'dead', death: { reason: 'exited', message: 'It ended.', at: 0 } }, 'dead', 'dead', 'It ended.'],
])('[OV2] %j is %s: %s, %s', (state, executionState, phase, sentence) => {
  expect(kernelRow(kernel('k', { state, executionState }), facts)).toMatchObject({ phase, sentence });
});

test('[OV2] what waits says for what, and where it stands', () => {
  const queue = { position: 2, queued: 3, reason: 'memory' as const, would_free: ['k7'] };
  const model = { perijove: { phase: 'queued' as const, message: 'No room.', queue } };
  const waiting = { ...kernel('k', { state: { status: 'queued', step: 'waiting' } }), model };
  expect(kernelRow(waiting, facts)).toMatchObject({
    sentence: 'No room.',
    queue: { position: 2, queued: 3, wouldFree: ['k7'] },
  });
});

test('[OV2] a start says what was last said of it', () => {
  const launching = kernel('k', { state: { status: 'launching', step: 'starting', attempt: 1, until: 0 } });
  const news = { phase: 'pulling', message: 'Fetching the image.' };
  expect(kernelRow(launching, { ...facts, news })).toMatchObject({
    phase: 'pulling',
    sentence: 'Fetching the image.',
  });
});

test('[OV3] machines: what waits and what is dead takes no room; an unlisted machine is shown', () => {
  const resources = { memoryBytes: gibibyte, cpus: 1 };
  const place = (given: Given, node = 'here') => ({
    kernel: kernel('k', { resources, ...given }),
    node,
    usage: { at: 0, memoryBytes: gibibyte / 2, cpuSeconds: 1, cpus: 0.5 },
  });
  expect(
    machineRows(
      [{ name: 'here', capacity: { memoryBytes: 8 * gibibyte, cpus: 4 } }],
      [
        place({}),
        place({ requests: { cpus: 0.1 } }),
        place({ state: { status: 'queued', step: 'waiting' } }),
        place({ state: { status: 'dead', death: { reason: 'exited', message: '', at: 0 } } }),
        place({}, 'elsewhere'),
      ],
    ),
  ).toEqual([
    {
      name: 'here',
      capacity: { memoryBytes: 8 * gibibyte, cpus: 4 },
      allocated: { memoryBytes: 2 * gibibyte, cpus: 1.1 },
      used: { memoryBytes: gibibyte, cpus: 1 },
    },
    {
      name: 'elsewhere',
      capacity: {},
      allocated: { memoryBytes: gibibyte, cpus: 1 },
      used: { memoryBytes: gibibyte / 2, cpus: 0.5 },
    },
  ]);
});

test('[OV3] what nobody measures is not said to be nothing; machines that nobody listed are in order', () => {
  const unmeasured = (node: string) => ({ kernel: kernel('k'), node, usage: undefined });
  const rows = machineRows([{ name: 'here', capacity: {} }], [unmeasured('node10'), unmeasured('node9')]);
  expect(rows.map(({ name, used }) => [name, used])).toEqual([
    ['here', { memoryBytes: 0, cpus: 0 }],
    ['node9', {}],
    ['node10', {}],
  ]);
});

test('[OV3] of many machines those with kernels are shown, with what they have', () => {
  const nodes = ['node1', 'node2'].map((name) => ({ name, capacity: { cpus: 4 }, isShownEmpty: false }));
  const rows = machineRows(nodes, [{ kernel: kernel('k'), node: 'node2', usage: undefined }]);
  expect(rows.map(({ name, capacity }) => [name, capacity])).toEqual([['node2', { cpus: 4 }]]);
});

test('[OV4] the picture and its changes agree: told is what has changed, once, and what is gone', async () => {
  const first = kernel('k1');
  const kernels = [first, kernel('k2')];
  const { source, told } = sourceOf(kernels);
  const picture = await source.read();
  expect(picture.kernels[0]).toMatchObject({ notebook: 'a/b.ipynb', displayName: 'Python 3' });
  source.tell();
  expect(
    told.filter(({ schemaId }) => schemaId === overviewKernelSchemaId).map(({ data }) => data['kernel']),
  ).toEqual(picture.kernels);
  told.length = 0;
  source.tell();
  expect(told).toEqual([]);
  first.executionState = 'busy';
  kernels.pop();
  source.tell();
  expect(told).toMatchObject([
    { data: { kernel_id: 'k1', user: 'ada', kernel: { phase: 'busy' } } },
    { schemaId: overviewKernelSchemaId, data: { kernel_id: 'k2', user: 'ada' } },
  ]);
  expect(told[1]?.data).not.toHaveProperty('kernel');
});

test('[OV4] machines are told when they are fuller', async () => {
  const kernels = [kernel('k1', { resources: { memoryBytes: gibibyte, cpus: 1 } })];
  const { source, told } = sourceOf(kernels);
  await source.read();
  source.tell();
  expect(told.filter(({ schemaId }) => schemaId === overviewMachinesSchemaId)).toMatchObject([
    { data: { machines: [{ name: 'here', allocated: { memoryBytes: gibibyte, cpus: 1 } }] } },
  ]);
});

test('[OV5] an event about a kernel is followed by what the overview says of it; a burst of them by one', async () => {
  const launching = kernel('k1', { state: { status: 'launching', step: 'starting', attempt: 1, until: 0 } });
  const { source, bus, told } = sourceOf([launching]);
  await source.read();
  source.tell();
  told.length = 0;
  for (const message of ['Looking for a place.', 'Fetching the image.']) {
    bus.emit(kernelPhaseSchemaId, { kernel_id: 'k1', kernel_name: 'python3', phase: 'pulling', message });
  }
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  expect(told).toMatchObject([{ data: { kernel: { phase: 'pulling', sentence: 'Fetching the image.' } } }]);
  source.dispose();
  bus.emit(kernelPhaseSchemaId, { kernel_id: 'k1', kernel_name: 'python3', phase: 'starting', message: 'x' });
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  expect(told).toHaveLength(1);
});

test('[OV6] by REST: all of it, one kernel, and 404 for one that is not there; strangers see nothing', async () => {
  const { source } = sourceOf([kernel('k1'), kernel('k2')]);
  const app = await createTestApp([overviewRoutes(source)]);
  const get = (url: string, headers: Record<string, string> = withToken) => app.inject({ url, headers });
  const overview = (await get('/perijove/api/overview')).json<Overview>();
  expect(overview.kernels.map(({ id }) => id)).toEqual(['k1', 'k2']);
  expect(overview.machines).toHaveLength(1);
  expect((await get('/perijove/api/overview/kernels/k2')).json()).toEqual(overview.kernels[1]);
  expect((await get('/perijove/api/overview/kernels/k3')).statusCode).toBe(404);
  expect((await get('/perijove/api/overview', {})).statusCode).toBe(403);
});

test('[OV6] who is no admin gets their own kernels: by REST, and as events', async () => {
  const { source, told } = sourceOf([kernel('k1'), kernel('k2', { username: 'bob' })]);
  await using users = await openTestUsers();
  const app = await createTestApp([overviewRoutes(source)], { authenticator: users.authenticator });
  const get = async (user: string, url: string) => app.inject({ url, headers: users.as(user) });
  const idsOf = async (user: string): Promise<string[]> =>
    (await get(user, '/perijove/api/overview')).json<Overview>().kernels.map(({ id }) => id);
  expect(await idsOf('ada')).toEqual(['k1']);
  expect(await idsOf('bob')).toEqual(['k2']);
  expect(await idsOf('eve')).toEqual([]);
  expect(await idsOf('root')).toEqual(['k1', 'k2']);
  const status = async (user: string): Promise<number> =>
    (await get(user, '/perijove/api/overview/kernels/k2')).statusCode;
  expect([await status('ada'), await status('bob'), await status('root')]).toEqual([404, 200, 200]);
  source.tell();
  const ofKernels = told.filter(({ schemaId }) => schemaId === overviewKernelSchemaId);
  expect(ofKernels.map(({ data, owner }) => [data['kernel_id'], owner])).toEqual([
    ['k1', 'ada'],
    ['k2', 'bob'],
  ]);
});

test('[OV7] metrics add up what the overview says, by kernelspec and machine; nobody is named in them', async () => {
  const dead: KernelState = { status: 'dead', death: { reason: 'exited', message: 'It ended.', at: 0 } };
  const limited = { resources: { memoryBytes: 2 * gibibyte, cpus: 1 } };
  const { source } = sourceOf(
    [
      kernel('k1', limited),
      kernel('k2', { ...limited, username: 'bob' }),
      kernel('k3', { state: dead, ...limited }),
    ],
    {
      k1: { at: 0, memoryBytes: gibibyte, cpuSeconds: 3, cpus: 0.25 },
      k2: { at: 0, memoryBytes: gibibyte / 2, cpuSeconds: 3, cpus: 0.5 },
    },
  );
  const things = { kernels: () => [], terminals: () => [], overview: () => source.read() };
  const app = await createTestApp([metricsRoutes({ running: things, authenticate: true })]);
  const { body } = await app.inject({ url: '/metrics', headers: withToken });
  const found = body.split('\n').filter((line) => /^perijove_(kernel|machine)/.test(line));
  const labels = '{kernelspec="python3",node="here"}';
  expect(found.toSorted()).toEqual(
    [
      'perijove_kernels{phase="idle",kernelspec="python3",node="here"} 2',
      'perijove_kernels{phase="dead",kernelspec="python3",node="here"} 1',
      `perijove_kernel_memory_bytes_used${labels} ${1.5 * gibibyte}`,
      `perijove_kernel_cpus_used${labels} 0.75`,
      `perijove_kernel_memory_bytes_request${labels} ${4 * gibibyte}`,
      `perijove_kernel_cpus_request${labels} 2`,
      `perijove_kernel_memory_bytes_limit${labels} ${4 * gibibyte}`,
      `perijove_kernel_cpus_limit${labels} 2`,
      `perijove_machine_memory_bytes_capacity{node="here"} ${8 * gibibyte}`,
      'perijove_machine_cpus_capacity{node="here"} 4',
      `perijove_machine_memory_bytes_allocated{node="here"} ${4 * gibibyte}`,
      'perijove_machine_cpus_allocated{node="here"} 2',
    ].toSorted(),
  );
  expect(body).not.toMatch(/ada|bob|ipynb/);
});
