import { expect, test } from 'vitest';
import { ClusterRefusal } from './cluster-client.ts';
import { createRefusal } from './create-refusal.ts';

test.each([
  [
    'pods "k" is forbidden: exceeded quota: team, requested: limits.memory=4Gi, used: limits.memory=6Gi, limited: limits.memory=8Gi',
    'KERNEL_LAUNCH_FAILED',
    /quota is used up: exceeded quota: team, .* Stop a kernel/,
  ],
  [
    'pods "k" is forbidden: exceeded quota: team, requested: limits.memory=16Gi,pods=1, used: limits.memory=6Gi,pods=2, limited: limits.memory=8Gi,pods=9',
    'KERNEL_NEVER_FITS',
    /larger than the namespace's quota/,
  ],
  [
    'pods "k" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi',
    'KERNEL_NEVER_FITS',
    /limit range refuses the pod: maximum memory usage/,
  ],
  [
    'pods is forbidden: User "system:serviceaccount:a:b" cannot create resource "pods" in API group "" in the namespace "a"',
    'KERNEL_LAUNCH_FAILED',
    /may not make pods in the cluster: .*system:serviceaccount:a:b.* needs the verbs/,
  ],
  [
    'pods "k" is forbidden: violates PodSecurity "restricted:latest": hostPath volumes (volume "x")',
    'KERNEL_LAUNCH_FAILED',
    /Pod Security level refuses the pod: violates .* hostPath/,
  ],
  [
    'admission webhook "policy.example" denied the request: no',
    'KERNEL_LAUNCH_FAILED',
    /\(Forbidden\): admission webhook/,
  ],
])('[P9] %s', (message, code, words) => {
  expect(createRefusal(new ClusterRefusal(403, 'Forbidden', message))).toMatchObject({
    code,
    message: expect.stringMatching(words),
  });
});
