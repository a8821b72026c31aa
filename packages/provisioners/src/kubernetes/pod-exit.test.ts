import { expect, test } from 'vitest';
import type { Condition, ContainerState, Pod } from './pod.ts';
import { exitOfPod } from './pod-exit.ts';

interface Ending {
  readonly terminated?: ContainerState['terminated'];
  readonly status?: Pod['status'];
  readonly disruption?: string;
  readonly isDeleted?: boolean;
}

function ended({ terminated, status, disruption, isDeleted }: Ending): Pod {
  const conditions: Condition[] = disruption
    ? [{ type: 'DisruptionTarget', status: 'True', reason: disruption, message: 'Taint manager: deleting.' }]
    : [];
  return {
    metadata: { name: 'kernel-1', ...(isDeleted ? { deletionTimestamp: '2026-11-25T10:00:00Z' } : {}) },
    spec: { nodeName: 'node2', containers: [{ name: 'kernel', resources: { limits: { memory: '2Gi' } } }] },
    status: {
      ...status,
      conditions,
      ...(terminated ? { containerStatuses: [{ name: 'kernel', state: { terminated } }] } : {}),
    },
  };
}

test.each<[string, Ending, object]>([
  [
    'killed for want of memory',
    { terminated: { exitCode: 137, reason: 'OOMKilled' } },
    { reason: 'outOfMemory', code: 137, signal: 'SIGKILL', message: 'out of memory: used 2.0 of 2.0 GiB' },
  ],
  [
    'ended by itself',
    { terminated: { exitCode: 3 } },
    { reason: 'exited', code: 3, message: 'exited with code 3' },
  ],
  [
    'crashed',
    { terminated: { exitCode: 139 } },
    { reason: 'exited', code: 139, signal: 'SIGSEGV', message: 'killed by signal SIGSEGV' },
  ],
  [
    'not executable',
    {
      terminated: {
        exitCode: 128,
        reason: 'StartError',
        message: 'exec: "julia": executable file not found in $PATH\nmore',
      },
    },
    { reason: 'exited', message: 'could not be executed: exec: "julia": executable file not found in $PATH' },
  ],
  [
    'evicted by its node',
    { status: { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' } },
    { reason: 'evicted', message: 'evicted: The node was low on resource: memory' },
  ],
  [
    'evicted as its node was emptied',
    { terminated: { exitCode: 143 }, disruption: 'EvictionByEvictionAPI', isDeleted: true },
    { reason: 'evicted', message: 'evicted: its node node2 is being emptied' },
  ],
  [
    'preempted',
    { terminated: { exitCode: 137 }, disruption: 'PreemptionByScheduler', isDeleted: true },
    { reason: 'evicted', message: expect.stringMatching(/^preempted: its place was needed/) },
  ],
  [
    'lost with its node',
    { disruption: 'DeletionByTaintManager', isDeleted: true },
    { reason: 'nodeLost', message: expect.stringMatching(/^its node node2 is lost/) },
  ],
  [
    'deleted by somebody',
    { terminated: { exitCode: 137 }, isDeleted: true },
    { reason: 'destroyed', code: 137, message: 'somebody deleted its pod kernel-1' },
  ],
])('[P10] a kernel that was %s is told so', (_name, ending, expected) => {
  expect(exitOfPod(ended(ending), { isGone: false, isOurs: false })).toMatchObject(expected);
});

test('[P10] a pod that vanished was deleted', () => {
  expect(exitOfPod(ended({ status: { phase: 'Running' } }), { isGone: true, isOurs: false })).toMatchObject({
    reason: 'destroyed',
    message: 'somebody deleted its pod kernel-1',
  });
});

test('[P10] what this server ended is not called somebody’s doing', () => {
  expect(
    exitOfPod(ended({ terminated: { exitCode: 143 }, isDeleted: true }), { isGone: false, isOurs: true }),
  ).toMatchObject({
    reason: 'destroyed',
  });
});

test.each<[string, Pod]>([
  ['runs', ended({ status: { phase: 'Running' } })],
  ['has been told to end, and has not yet', ended({ status: { phase: 'Running' }, isDeleted: true })],
  ['is on a node that does not answer', ended({ status: { phase: 'Running', reason: 'NodeLost' } })],
])('[P10] a kernel that %s is not dead', (_name, pod) => {
  expect(exitOfPod(pod, { isGone: false, isOurs: false })).toBeUndefined();
});
