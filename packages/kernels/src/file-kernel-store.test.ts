import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { Value } from 'typebox/value';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FileKernelStore } from './file-kernel-store.ts';
import { KernelRecord } from './kernel-record.ts';
import type { Log } from './log.ts';
import { kernelStoreContract, recordOf } from './test-support/kernel-store-contract.ts';

let folder: string;
let warnings: string[];
const log: Log = {
  debug() {},
  info() {},
  warn: (_fields, message) => void warnings.push(message),
  error() {},
};

async function make(): Promise<void> {
  folder = join(await mkdtemp(join(tmpdir(), 'perijove-store-')), 'kernels');
  warnings = [];
}
const dispose = (): Promise<void> => rm(join(folder, '..'), { recursive: true, force: true });
const open = (soonMs = 60_000): FileKernelStore => new FileKernelStore({ folder, log, soonMs });

kernelStoreContract('FileKernelStore', async () => {
  await make();
  const first = open();
  await first.load();
  return { open: () => open(), dispose };
});

beforeEach(make);
afterEach(dispose);

test('[K43] only the owner may read what is kept', async () => {
  const store = open();
  await store.load();
  await store.put(recordOf('kernel'));
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  expect((await stat(join(folder, 'kernel.json'))).mode & 0o777).toBe(0o600);
});

test.each([
  ['half a file', '{"version":1,"data":{"id":"ker'],
  ['an empty file', ''],
  ['another version', JSON.stringify({ version: 2, data: recordOf('kernel') })],
  ['something else', '["not", "ours"]'],
  ['null', 'null'],
  [
    'a record without its state',
    JSON.stringify({ version: 1, data: { ...recordOf('kernel'), state: undefined } }),
  ],
  ['an id that leads elsewhere', JSON.stringify({ version: 1, data: recordOf('../../etc/passwd') })],
])('[K44] %s is set aside with a warning, and the other kernels are loaded', async (_what, text) => {
  await mkdir(folder, { recursive: true });
  const store = open();
  await store.put(recordOf('good'));
  await writeFile(join(folder, 'kernel.json'), text);
  expect(await store.load()).toEqual([recordOf('good')]);
  expect(warnings).toEqual(['a state file cannot be used; it was set aside']);
  const [aside] = (await readdir(folder)).filter((name) => name.includes('.aside-'));
  expect(await readFile(join(folder, aside!), 'utf8')).toBe(text);
});

test('[K44] what a crash left half written does not count, and goes', async () => {
  const store = open();
  await store.load();
  await store.put(recordOf('kernel'));
  await writeFile(join(folder, 'kernel.json.77.abcd.tmp'), '{"version":1,"da');
  expect(await store.load()).toEqual([recordOf('kernel')]);
  expect(await readdir(folder)).toEqual(['kernel.json']);
});

test('[K45] a burst of puts costs few writes', async () => {
  const store = open();
  await store.load();
  const names = new Set<number>();
  const puts = Array.from({ length: 1000 }, (_, n) => store.put(recordOf('kernel', { lastActivity: n })));
  for (const put of puts) {
    await put;
    names.add((await stat(join(folder, 'kernel.json'))).ino);
  }
  expect(names.size).toBeLessThanOrEqual(2);
});

test('[K45] a put that cannot be written rejects, and the former record stays', async () => {
  const store = open();
  await expect(store.put(recordOf('kernel'))).rejects.toMatchObject({ code: 'ENOENT' });
  await store.load();
  await store.put(recordOf('kernel'));
  await expect(
    store.put(recordOf('kernel', { name: 'x', lastActivity: 1n as unknown as number })),
  ).rejects.toThrow();
  expect(await open().load()).toEqual([recordOf('kernel')]);
  expect(await readdir(folder)).toEqual(['kernel.json']);
});

test('[K44] a record that is cut off anywhere is set aside or read whole, never half, and can be written again', async () => {
  const store = open();
  await store.load();
  await store.put(recordOf('kernel'));
  const path = join(folder, 'kernel.json');
  const whole = await readFile(path);
  for (let length = 0; length < whole.length; length++) {
    await writeFile(path, whole.subarray(0, length));
    const isWhole = length === whole.length - 1; // only the last line break is missing
    expect(await store.load()).toEqual(isWhole ? [recordOf('kernel')] : []);
  }
  expect(warnings).toHaveLength(whole.length - 1);
  await store.put(recordOf('kernel'));
  expect(await store.load()).toEqual([recordOf('kernel')]);
});

test('[K44] whatever bytes a record has: it is a record, or it is set aside', async () => {
  const store = open();
  await store.load();
  await store.put(recordOf('kernel'));
  const path = join(folder, 'kernel.json');
  const whole = await readFile(path);
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), async (at, byte) => {
      const damaged = Buffer.from(whole);
      damaged[at] = byte;
      await writeFile(path, damaged);
      for (const record of await store.load()) expect(Value.Check(KernelRecord, record)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test('[K44] folders where files should be, and a file where the folder should be, are set aside', async () => {
  await mkdir(join(folder, 'kernel.json'), { recursive: true });
  await mkdir(join(folder, 'old.json.1.ab.tmp'));
  const store = open();
  expect(await store.load()).toEqual([]);
  await store.put(recordOf('kernel'));
  expect(await store.load()).toEqual([recordOf('kernel')]);
  await rm(folder, { recursive: true });
  await writeFile(folder, 'not ours');
  expect(await store.load()).toEqual([]);
  await store.put(recordOf('kernel'));
  expect(await store.load()).toEqual([recordOf('kernel')]);
});

test("[K44] a record under another kernel's name is set aside: the kernel is there once", async () => {
  const store = open();
  await store.load();
  await store.put(recordOf('kernel'));
  await writeFile(join(folder, 'copy.json'), await readFile(join(folder, 'kernel.json')));
  expect(await store.load()).toEqual([recordOf('kernel')]);
});
