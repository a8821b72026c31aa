import { testCluster, type TestCluster } from '@perijove/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openClusterAccess } from '../cluster-access.ts';
import { ClusterClient } from '../cluster-client.ts';
import { ClusterLease } from './cluster-lease.ts';
import { identityOf } from './lease-view.ts';

const silent = (): undefined => undefined;
const log = { debug: silent, info: silent, warn: silent, error: silent };
let cluster: TestCluster;
const clients: ClusterClient[] = [];

beforeAll(async () => void (cluster = await testCluster()));
afterAll(async () => {
  for (const client of clients) client.close();
  await cluster.remove();
});

async function lease(name: string, address: string): Promise<ClusterLease> {
  const client = new ClusterClient(
    await openClusterAccess({ kubeconfig: cluster.kubeconfig, kubernetesContext: '' }),
  );
  clients.push(client);
  const identity = identityOf('server', address);
  return new ClusterLease({ client, namespace: cluster.namespace, name, identity, durationS: 2, log });
}

const never = new AbortController().signal;
const giveTo = (name: string, holderIdentity: string): Promise<string> =>
  cluster.kubectl([
    'patch',
    'lease',
    name,
    '--type=merge',
    '-p',
    JSON.stringify({ spec: { holderIdentity } }),
  ]);

/** Until it is renewed the next time. */
async function renewal(name: string): Promise<void> {
  const renewed = (): Promise<string> =>
    cluster.kubectl(['get', 'lease', name, '-o', 'jsonpath={.spec.renewTime}']);
  const before = await renewed();
  await expect.poll(renewed, { timeout: 10_000 }).not.toBe(before);
}

test('[P19] who finds that another one has it has lost it, and may change nothing from then on', async () => {
  const mine = await lease('lost', '10.0.0.1:1');
  await mine.acquire(never);
  await mine.confirm();
  await giveTo('lost', identityOf('server', '10.0.0.2:1'));
  await expect(mine.hold(never)).rejects.toThrow('server_10.0.0.2:1 acts in the place of this server now');
  await expect(mine.confirm()).rejects.toThrow('acts in the place of this server now');
  expect(mine.elsewhere).toBe('10.0.0.2:1');
  // Nor does it take it back when it is free again.
  await giveTo('lost', '');
  await expect(mine.confirm()).rejects.toThrow('acts in the place of this server now');
});

test('[P19] who changes something else in it, a person say, takes it from nobody', async () => {
  const mine = await lease('annotated', '10.0.0.1:1');
  await mine.acquire(never);
  const holding = new AbortController();
  const held = mine.hold(holding.signal);
  await cluster.kubectl(['annotate', 'lease', 'annotated', 'note=seen']);
  await renewal('annotated');
  await mine.confirm();
  holding.abort(new Error('enough'));
  await expect(held).rejects.toThrow(/aborted/);
});

test('[P19] one that is let go is taken at once; of two who want it one gets it', async () => {
  const first = await lease('wanted', '10.0.0.1:1');
  await first.acquire(never);
  const giveUp = new AbortController();
  const others = [await lease('wanted', '10.0.0.2:1'), await lease('wanted', '10.0.0.3:1')];
  const got = others.map((other) => other.acquire(giveUp.signal).then(() => other));
  const holding = new AbortController();
  first.hold(holding.signal).catch(() => undefined);
  // It is renewed all the while, for longer than it lasts: nobody gets it.
  for (let times = 0; times < 8; times++) {
    // oxlint-disable-next-line no-await-in-loop
    await renewal('wanted');
  }
  expect(others.map(({ elsewhere }) => elsewhere)).toEqual(['10.0.0.1:1', '10.0.0.1:1']);
  holding.abort(new Error('released'));
  await first.release();
  const second = await Promise.race(got);
  second.hold(giveUp.signal).catch(() => undefined);
  const [loser] = others.filter((other) => other !== second);
  await expect.poll(() => loser?.elsewhere).toBe(second === others[0] ? '10.0.0.2:1' : '10.0.0.3:1');
  await second.confirm();
  giveUp.abort(new Error('enough'));
  await Promise.allSettled(got);
});
