import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FileKernelStore } from './file-kernel-store.ts';
import type { Log } from './log.ts';
import { endOrphanedKernel, orphanedKernels } from './orphaned-kernels.ts';
import { identify, isAlive } from './process-identity.ts';
import { listServerStates, StateFolder } from './state-folder.ts';
import { recordOf } from './test-support/kernel-store-contract.ts';

let stateDir: string;
let root: string;
const log: Log = { debug() {}, info() {}, warn() {}, error() {} };

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'perijove-state-'));
  root = join(stateDir, 'notebooks');
  await mkdir(root);
});
afterEach(() => rm(stateDir, { recursive: true }));

const claim = (): Promise<StateFolder> => StateFolder.claim({ stateDir, root });

/** Makes the folder one of a process that has ended, as SIGKILL leaves it. */
async function kill(folder: StateFolder): Promise<void> {
  const child = spawn(process.execPath, ['-e', '']);
  const { pid } = child;
  const identity = await identify(pid!);
  await once(child, 'exit');
  await writeOwner(folder, { ...identity, root });
}

async function writeOwner(folder: StateFolder, owner: object): Promise<void> {
  const [name] = (await readdir(folder.path)).filter((file) => file.startsWith('owner.'));
  await writeFile(join(folder.path, name!), JSON.stringify(owner));
}

async function putKernel(folder: StateFolder, id: string): Promise<void> {
  const store = new FileKernelStore({ folder: folder.kernels, log, soonMs: 0 });
  await store.load();
  await store.put(recordOf(id, { provisioner: 'none', handle: { provisioner: 'none' } }));
}

test('[K50] servers on one root have folders of their own while they live', async () => {
  const [a, b, c] = [await claim(), await claim(), await claim()];
  const hash = basename(a.path);
  expect([a, b, c].map(({ path }) => basename(path))).toEqual([hash, `${hash}.2`, `${hash}.3`]);
});

test('[K50] many that claim at once get one each', async () => {
  const folders = await Promise.all(Array.from({ length: 8 }, claim));
  expect(new Set(folders.map(({ path }) => path)).size).toBe(8);
});

test('[K51] what a killed server left is taken over by the next one on the same root', async () => {
  const first = await claim();
  await kill(first);
  expect((await claim()).path).toBe(first.path);
});

test('[K51] so is what one that ended left', async () => {
  const first = await claim();
  await first.release();
  expect((await claim()).path).toBe(first.path);
});

test('[K51] of several, the one with kernels is taken first', async () => {
  const [a, b] = [await claim(), await claim()];
  await putKernel(b, 'kernel');
  await a.release();
  await kill(b);
  expect((await claim()).path).toBe(b.path);
  expect((await claim()).path).toBe(a.path);
});

test('[K51] other roots have other folders', async () => {
  const first = await claim();
  await first.release();
  expect((await StateFolder.claim({ stateDir, root: stateDir })).path).not.toBe(first.path);
});

test('[K51] a file that has the name of the folder stays, and the folder gets another name', async () => {
  const first = await StateFolder.claim({ stateDir, root });
  await first.release();
  await rm(first.path, { recursive: true });
  await writeFile(first.path, 'not ours');
  const second = await StateFolder.claim({ stateDir, root });
  expect(second.path).toBe(`${first.path}.2`);
  expect(await readFile(first.path, 'utf8')).toBe('not ours');
});

test('[K52] a number that the system gave to another process does not keep a folder', async () => {
  const first = await claim();
  await writeOwner(first, { pid: process.pid, startedAt: 'another boot/1', root });
  expect((await claim()).path).toBe(first.path);
});

test('[K52] a damaged owner file does not keep one either', async () => {
  const first = await claim();
  const [name] = (await readdir(first.path)).filter((file) => file.startsWith('owner.'));
  await writeFile(join(first.path, name!), '{"pid":');
  expect((await claim()).path).toBe(first.path);
});

test('[K52] this process runs, one that has ended does not', async () => {
  expect(await isAlive((await identify(process.pid))!)).toBe(true);
  const child = spawn(process.execPath, ['-e', '']);
  const identity = (await identify(child.pid!))!;
  expect(await isAlive(identity)).toBe(true);
  await once(child, 'exit');
  expect(await isAlive(identity)).toBe(false);
});

test('[K53] kernels that no living server owns are listed, with the root they were of', async () => {
  const [mine, killed] = [await claim(), await claim()];
  await putKernel(mine, 'mine');
  await putKernel(killed, 'orphan');
  await kill(killed);
  expect((await listServerStates(stateDir)).map(({ isOwned }) => isOwned)).toEqual([true, false]);
  const orphans = await orphanedKernels(stateDir, log);
  expect(orphans.map(({ record, root: of }) => [record.id, of])).toEqual([['orphan', root]]);
});

test('[K54] ending such a kernel asks its place, and removes its record', async () => {
  const killed = await claim();
  await putKernel(killed, 'orphan');
  await kill(killed);
  const [orphan] = await orphanedKernels(stateDir, log);
  const asked: unknown[] = [];
  const nowhere = {
    name: 'none',
    capacity: () => Promise.resolve({ memoryBytes: 0, cpus: 0 }),
    launch: () => Promise.reject(new Error('nothing starts here')),
    adopt: (handle: object) => {
      asked.push(handle);
      return Promise.resolve(undefined);
    },
  };
  const options = { provisioners: new Map([['none', nowhere]]), graceMs: 0, log };
  expect(await endOrphanedKernel(orphan!, { ...options, provisioners: new Map() })).toBe('taken');
  expect(await endOrphanedKernel(orphan!, options)).toBe('gone');
  expect(asked).toEqual([{ provisioner: 'none' }]);
  expect(await orphanedKernels(stateDir, log)).toEqual([]);
});

test('[K54] one that a new server has taken over is left alone', async () => {
  const killed = await claim();
  await putKernel(killed, 'orphan');
  await kill(killed);
  const [orphan] = await orphanedKernels(stateDir, log);
  await claim();
  const provisioners = new Map([['none', { name: 'none' } as never]]);
  expect(await endOrphanedKernel(orphan!, { provisioners, graceMs: 0, log })).toBe('taken');
});
