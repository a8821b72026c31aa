import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KernelRecord } from '../kernel-record.ts';
import type { KernelStore } from '../kernel-store.ts';

/** What each test of the contract is given: `open` gives one more store on the same records, as another process has it. */
export interface StoreUnderTest {
  open(): KernelStore;
  dispose(): Promise<void>;
}

/** What else a handle holds is its provisioner's. */
const handle: { provisioner: string } = Object.assign({ provisioner: 'local' }, { pid: 4711 });

export function recordOf(id: string, fields: Partial<KernelRecord> = {}): KernelRecord {
  return {
    id,
    name: 'python3',
    provisioner: 'local',
    cwd: '/srv/notebooks',
    env: { JPY_SESSION_NAME: '/srv/notebooks/a.ipynb' },
    username: 'ada',
    resources: { memoryBytes: 1024 },
    createdAt: 1,
    state: { status: 'running', since: 2, restarts: 0 },
    handle,
    lastActivity: 3,
    executionState: 'idle',
    ...fields,
  };
}

/** What every KernelStore holds to. */
export function kernelStoreContract(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} is a KernelStore`, () => {
    let given: StoreUnderTest;
    let store: KernelStore;
    beforeEach(async () => {
      given = await make();
      store = given.open();
    });
    afterEach(() => given.dispose());

    const found = async (): Promise<readonly KernelRecord[]> => await given.open().load();

    test('[K40] nothing was ever put: nothing is loaded', async () => {
      expect(await store.load()).toEqual([]);
    });

    test('[K40] what was put is found by others when put resolves, all of it', async () => {
      const states: KernelRecord['state'][] = [
        { status: 'queued', step: 'waiting' },
        { status: 'launching', step: 'starting', attempt: 1, until: 5 },
        { status: 'restarting', step: 'ending', by: 'death', attempt: 1, restarts: 2, until: 5 },
        { status: 'stopping', step: 'asking', reason: 'culled', until: 5 },
        { status: 'lost', message: 'node away', since: 4, restarts: 0 },
        {
          status: 'dead',
          death: { reason: 'exited', code: 1, message: 'exited.', at: 9, lastLines: ['boom'] },
        },
      ];
      const records = states.map((state, n) => recordOf(`kernel-${n}`, { state }));
      await Promise.all(records.map((record) => store.put(record)));
      expect((await found()).toSorted((a, b) => a.id.localeCompare(b.id))).toEqual(records);
    });

    test('[K40] of many puts at once the newest stays', async () => {
      await Promise.all(
        Array.from({ length: 200 }, (_, n) => store.put(recordOf('kernel', { lastActivity: n }))),
      );
      expect(await found()).toEqual([recordOf('kernel', { lastActivity: 199 })]);
    });

    test('[K41] what was put soon is there after a flush, and does not go before a later put', async () => {
      store.putSoon(recordOf('kernel', { lastActivity: 10 }));
      store.putSoon(recordOf('kernel', { lastActivity: 11 }));
      await store.flush();
      expect(await found()).toEqual([recordOf('kernel', { lastActivity: 11 })]);
      store.putSoon(recordOf('kernel', { lastActivity: 12 }));
      await store.put(recordOf('kernel', { lastActivity: 13 }));
      await store.flush();
      expect(await found()).toEqual([recordOf('kernel', { lastActivity: 13 })]);
    });

    test('[K42] what was removed is gone, also while it is being written, and may be removed again', async () => {
      const writing = store.put(recordOf('kernel'));
      store.putSoon(recordOf('kernel', { lastActivity: 10 }));
      await store.remove('kernel');
      await writing;
      await store.flush();
      expect(await found()).toEqual([]);
      await store.remove('kernel');
    });
  });
}
