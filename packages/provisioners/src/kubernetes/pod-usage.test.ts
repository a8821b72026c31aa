import { expect, test } from 'vitest';
import { ClusterRefusal, ClusterUnreachable } from './cluster-client.ts';
import { kernelContainer } from './pod.ts';
import { PodUsage } from './pod-usage.ts';

const silent = (): undefined => undefined;
const log = { debug: silent, info: silent, warn: silent, error: silent };

/** The cluster's answers, one after another, and a clock. */
function asked(...answers: (object | Error)[]) {
  const state = { now: 0, requests: 0 };
  const usage = new PodUsage({
    client: {
      ask: async <T>() => {
        const answer = answers[Math.min(state.requests++, answers.length - 1)];
        if (answer instanceof Error) throw answer;
        return answer as T;
      },
    },
    namespace: 'ns',
    selector: 'a=b',
    everyMs: 30_000,
    log,
    now: () => state.now,
  });
  return { state, usage };
}

const metrics = (cpu: string, memory: string) => ({
  items: [
    { metadata: { name: 'kernel-1' }, containers: [{ name: kernelContainer, usage: { cpu, memory } }] },
  ],
});

test('[P22] one request for all pods, now and then; processors go on at the rate that was told', async () => {
  const { state, usage } = asked(metrics('250000000n', '1Mi'), metrics('1500m', '2Mi'));
  expect(await Promise.all([usage.of('kernel-1'), usage.of('kernel-2')])).toEqual([
    { memoryBytes: 2 ** 20, cpuSeconds: 0 },
    undefined,
  ]);
  state.now = 20_000;
  expect(await usage.of('kernel-1')).toEqual({ memoryBytes: 2 ** 20, cpuSeconds: 5 });
  expect(state.requests).toBe(1);
  state.now = 40_000;
  expect(await usage.of('kernel-1')).toEqual({ memoryBytes: 2 ** 21, cpuSeconds: 10 });
  expect(state.requests).toBe(2);
  state.now = 42_000;
  expect(await usage.of('kernel-1')).toEqual({ memoryBytes: 2 ** 21, cpuSeconds: 13 });
});

test('[P22] a cluster without metrics is asked again after five minutes; one that does not answer, as ever', async () => {
  const refused = asked(
    new ClusterRefusal(404, 'NotFound', 'the server could not find the requested resource'),
  );
  for (refused.state.now of [0, 100_000, 299_000, 301_000]) {
    // oxlint-disable-next-line no-await-in-loop
    expect(await refused.usage.of('kernel-1')).toBeUndefined();
  }
  expect(refused.state.requests).toBe(2);
  const away = asked(metrics('1', '1Mi'), new ClusterUnreachable('away'));
  await away.usage.of('kernel-1');
  away.state.now = 31_000;
  expect(await away.usage.of('kernel-1')).toEqual({ memoryBytes: 2 ** 20, cpuSeconds: 31 });
});
