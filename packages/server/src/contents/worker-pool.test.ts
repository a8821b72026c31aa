import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testSettings } from './nbformat/test-settings.ts';
import { WorkerPool } from './worker-pool.ts';

// A worker of the tests' own, whose jobs end when they are told to: the path says what to do.
const program = `
import { parentPort } from 'node:worker_threads';
parentPort.on('message', ({ id, args: [what, gate] }) => {
  if (what === 'exit') process.exit(3);
  if (what === 'throw') throw new Error('thrown');
  if (what === 'wait') Atomics.wait(new Int32Array(gate), 0, 0);
  parentPort.postMessage(what === 'crash' ? { id, crash: 'stack' } : { id, result: what });
});`;
let folder: string;
let url: URL;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'perijove-pool-'));
  writeFileSync(join(folder, 'worker.mjs'), program);
  url = pathToFileURL(join(folder, 'worker.mjs'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Gate {
  readonly buffer: SharedArrayBuffer;
  open: () => void;
}

function gate(): Gate {
  const buffer = new SharedArrayBuffer(4);
  return {
    buffer,
    open() {
      Atomics.store(new Int32Array(buffer), 0, 1);
      Atomics.notify(new Int32Array(buffer), 0);
    },
  };
}

function pool(options: { workers?: number; idleS?: number; maxQueued?: number } = {}): {
  pool: WorkerPool;
  run: (what: string, isBig?: boolean, hold?: Gate) => Promise<unknown>;
} {
  const workers = new WorkerPool({ workers: 2, idleS: 30, maxQueued: 100, ...options, url });
  return {
    pool: workers,
    run: (what, isBig = false, hold) =>
      workers.run('get', testSettings, [what, hold?.buffer as never], { isBig }),
  };
}

test('[C80] no thread is there before there is work, or when there was none for a while', async () => {
  const { pool: workers, run } = pool({ idleS: 0.05 });
  expect(workers.threadCount).toBe(0);
  expect(await run('a')).toBe('a');
  expect(workers.threadCount).toBe(1);
  await expect.poll(() => workers.threadCount).toBe(0);
  expect(await run('b')).toBe('b');
  await workers.close();
});

test('[C81] long jobs never take the last thread', async () => {
  const { pool: workers, run } = pool();
  const hold = gate();
  const long = [run('wait', true, hold), run('wait', true, hold)];
  expect(await run('quick')).toBe('quick');
  hold.open();
  expect(await Promise.all(long)).toEqual(['wait', 'wait']);
  await workers.close();
});

test.each(['exit', 'throw'])(
  '[C82] a thread that dies (%s) fails its job only, and is replaced',
  async (how) => {
    const { pool: workers, run } = pool({ workers: 1 });
    const [dead, alive] = await Promise.allSettled([run(how), run('next')]);
    expect(dead).toMatchObject({ status: 'rejected', reason: { code: 'UNAVAILABLE' } });
    expect(alive).toMatchObject({ status: 'fulfilled', value: 'next' });
    await workers.close();
  },
);

test('[C83] an error that nobody foresaw fails its job, with the stack for the log', async () => {
  const { pool: workers, run } = pool({ workers: 1 });
  await expect(run('crash')).rejects.toThrow('contents get: stack');
  expect(await run('next')).toBe('next');
  await workers.close();
});

test('[C84] more than maxQueuedFileJobs that wait are refused', async () => {
  const { pool: workers, run } = pool({ workers: 1, maxQueued: 1 });
  const hold = gate();
  const running = run('wait', false, hold);
  const waiting = run('waits');
  await expect(run('refused')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  hold.open();
  expect(await Promise.all([running, waiting])).toEqual(['wait', 'waits']);
  await workers.close();
});

test('[C85] closing ends the threads and rejects what they had to do', async () => {
  const { pool: workers, run } = pool({ workers: 1 });
  const jobs = Promise.allSettled([run('wait', false, gate()), run('waits')]);
  await workers.close();
  expect((await jobs).map((job) => job.status)).toEqual(['rejected', 'rejected']);
  await expect(run('late')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(workers.threadCount).toBe(0);
});
