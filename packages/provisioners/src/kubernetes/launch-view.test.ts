import { expect, test } from 'vitest';
import { launchView, type LaunchQuestion } from './launch-view.ts';
import type { ContainerState, Pod } from './pod.ts';
import { roomFor } from './room.ts';

const image = 'perijove.test/python:1';

function pod(status: Pod['status'] = {}, nodeName?: string): Pod {
  return {
    metadata: { name: 'kernel-1', uid: 'u1' },
    spec: {
      ...(nodeName ? { nodeName } : {}),
      containers: [{ name: 'kernel', resources: { requests: { cpu: '4', memory: '1Gi' } } }],
    },
    ...(status ? { status } : {}),
  };
}

function inState(state: ContainerState): Pod {
  return pod(
    { phase: 'Pending', podIP: '10.0.0.9', containerStatuses: [{ name: 'kernel', state }] },
    'node1',
  );
}

function view(of: Pod, more: Partial<LaunchQuestion> = {}): ReturnType<typeof launchView> {
  return launchView({
    pod: of,
    events: [],
    image,
    displayName: 'Python',
    room: undefined,
    unschedulable: 'refuse',
    ...more,
  });
}

const unschedulable = pod({
  conditions: [
    {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message:
        '0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
    },
  ],
});
const node = (cpu: string, memory = '8Gi', name = 'node1') => ({
  metadata: { name },
  status: { allocatable: { cpu, memory } },
});
const taker = (cpu: string, nodeName = 'node1') => ({
  metadata: { name: 'other' },
  spec: { nodeName, containers: [{ name: 'any', resources: { requests: { cpu } } }] },
});

test('[P8] a start is told from the first moment to the last', () => {
  expect(view(pod())).toEqual({
    type: 'waiting',
    phase: 'scheduling',
    message: 'Looking for a node for Python',
  });
  expect(view(pod({}, 'node1'))).toMatchObject({
    phase: 'starting',
    message: 'Creating the container on node1',
  });
  expect(view(inState({ running: {} }))).toEqual({ type: 'running' });
  expect(view(inState({ terminated: { exitCode: 1 } }))).toEqual({ type: 'ended' });
});

test('[P8] a pull says what and where', () => {
  const pulling = {
    metadata: { uid: 'e1' },
    type: 'Normal',
    reason: 'Pulling',
    message: `Pulling image "${image}"`,
  };
  const pulled = { metadata: { uid: 'e2' }, type: 'Normal', reason: 'Pulled' };
  const waiting = inState({ waiting: { reason: 'ContainerCreating' } });
  expect(view(waiting, { events: [pulling] })).toMatchObject({
    phase: 'pulling',
    message: `Pulling the image ${image} on node1`,
    detail: pulling.message,
  });
  expect(view(waiting, { events: [pulling, pulled] })).toMatchObject({ phase: 'starting' });
});

test('[P8] waiting for a node says what it needs and what there is', () => {
  const room = roomFor(unschedulable, [node('8'), node('3', '8Gi', 'node2')], [taker('6.8')]);
  expect(view(unschedulable, { room })).toMatchObject({
    phase: 'scheduling',
    message: 'Waiting for a node: it needs 4 CPUs; the freest node has 3 CPUs',
    detail: expect.stringMatching(/^0\/2 nodes are available/),
  });
});

test('[P8] without the right to see nodes, the scheduler has the word', () => {
  expect(view(unschedulable)).toMatchObject({
    message: 'Waiting for a node: 0/2 nodes are available: 2 Insufficient cpu',
  });
});

test('[P8] by the numbers there is room: what else is in the way is the scheduler’s to say', () => {
  expect(roomFor(unschedulable, [node('8')], [])).toBeUndefined();
});

test('[P9] what is larger than any node is refused, or waits where nodes may be bought', () => {
  const room = roomFor(unschedulable, [node('2'), node('3', '16Gi', 'node2')], []);
  expect(view(unschedulable, { room })).toEqual({
    type: 'failed',
    reason: 'neverFits',
    message: 'it needs 4 CPUs, and the largest node has 3 CPUs',
  });
  expect(view(unschedulable, { room, unschedulable: 'wait' })).toMatchObject({ type: 'waiting' });
});

test('[P8] a gate of a queue is told as such', () => {
  const gated = pod({ conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] });
  expect(view(gated)).toMatchObject({ message: "Waiting for its turn in the cluster's queue" });
});

test.each([
  [
    'ErrImagePull',
    'failed to resolve reference "x": not found',
    /cannot be pulled: failed to resolve .* not found/,
  ],
  ['ErrImagePull', 'dial tcp: lookup perijove.test: no such host', /no such host/],
  ['ImagePullBackOff', 'Back-off pulling image "x": ErrImagePull: 401 Unauthorized', /cannot be pulled/],
  ['InvalidImageName', 'couldn\'t parse image reference "UPPER"', /cannot be used: couldn't parse/],
  ['ErrImageNeverPull', 'Container image "x" is not present with pull policy of Never', /not present/],
  ['CreateContainerConfigError', 'secret "s3" not found', /cannot be made: secret "s3" not found/],
  ['CreateContainerError', 'no command specified', /no command specified/],
])('[P9] %s (%s) never comes to run, and is said at once', (reason, message, expected) => {
  expect(view(inState({ waiting: { reason, message } }))).toMatchObject({
    type: 'failed',
    reason: 'refused',
    message: expect.stringMatching(expected),
  });
});

test('[P9] a registry that does not answer is asked again', () => {
  const waiting = inState({
    waiting: { reason: 'ErrImagePull', message: 'dial tcp 10.0.0.1:443: i/o timeout' },
  });
  expect(view(waiting)).toMatchObject({
    phase: 'pulling',
    message: `Pulling the image ${image} has failed; it is tried again`,
    detail: 'dial tcp 10.0.0.1:443: i/o timeout',
  });
});

test('[P9] a volume or Secret that is not there is named; the own Secret may be late', () => {
  const missing = (volume: string) => ({
    metadata: { uid: volume },
    type: 'Warning',
    reason: 'FailedMount',
    message: `MountVolume.SetUp failed for volume "${volume}" : secret "s" not found`,
  });
  const waiting = inState({ waiting: { reason: 'ContainerCreating' } });
  expect(view(waiting, { events: [missing('data')] })).toMatchObject({
    type: 'failed',
    message: expect.stringContaining('volume "data" : secret "s" not found'),
  });
  expect(view(waiting, { events: [missing('perijove-connection')] })).toMatchObject({ type: 'waiting' });
  const claim = pod({
    conditions: [
      {
        type: 'PodScheduled',
        status: 'False',
        reason: 'Unschedulable',
        message: 'persistentvolumeclaim "home" not found',
      },
    ],
  });
  expect(view(claim)).toMatchObject({ type: 'failed', message: expect.stringContaining('"home" not found') });
});
