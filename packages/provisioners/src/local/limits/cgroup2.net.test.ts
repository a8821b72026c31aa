import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CgroupConfinement } from './cgroup-confinement.ts';
import { processesIn, removeCgroup } from './cgroup-folder.ts';
import { ownCgroup, readProcFiles } from './cgroup-place.ts';
import { enableControllers, readings2 } from './cgroup2.ts';
import { Watch } from './watch.ts';

/** A controller of version 2 that this machine has, and a folder to make cgroups in; undefined: not here. */
async function findController() {
  const own = ownCgroup(await readProcFiles());
  if (own === undefined || process.getuid?.() !== 0) return undefined;
  const read = async (file: string) =>
    (await readFile(join(own, file), 'utf8').catch(() => '')).split(/\s+/).filter(Boolean);
  const [controller] = await read('cgroup.controllers');
  return controller === undefined
    ? undefined
    : { own, controller, wasEnabled: (await read('cgroup.subtree_control')).includes(controller) };
}

const found = await findController();

// Where there is no such controller there is nothing to test.
if (found)
  test('[L1] cgroup v2: where there are processes they move to a leaf, so that limits can be switched on', async () => {
    const { own, controller, wasEnabled } = found;
    const folder = join(own, `perijove-test-${process.pid}`);
    await enableControllers(own, [controller]);
    await mkdir(folder);
    const child = spawn('/bin/sleep', ['600'], { stdio: 'ignore' });
    try {
      await writeFile(join(folder, 'cgroup.procs'), String(child.pid));
      await enableControllers(folder, [controller]);
      expect((await readFile(join(folder, 'cgroup.subtree_control'), 'utf8')).trim()).toBe(controller);
      expect(await processesIn(folder)).toEqual([]);
      expect(await processesIn(join(folder, 'perijove-server'))).toEqual([child.pid]);
      await enableControllers(folder, [controller]);
      const gone = once(child, 'exit');
      await removeCgroup(join(folder, 'perijove-server'));
      await gone;
    } finally {
      child.kill('SIGKILL');
      await removeCgroup(folder);
      if (!wasEnabled) await writeFile(join(own, 'cgroup.subtree_control'), `-${controller}`);
    }
  });

test('[L3] cgroup v2: what the system writes down of a kernel is read', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'perijove-cgroup-'));
  const write = (file: string, text: string) => writeFile(join(folder, file), text);
  const watch = new Watch(
    () => 1000,
    (error) => expect.fail(String(error)),
  );
  const confinement = (limits = {}) =>
    new CgroupConfinement({ kind: 'cgroup2', folders: [folder] }, { limits, readings: readings2, watch });
  expect(await confinement().outOfMemory()).toBeUndefined();
  expect(await confinement().usage()).toBeUndefined();
  await write('memory.events', 'low 0\nhigh 0\nmax 12\noom 0\noom_kill 0\noom_group_kill 0\n');
  await write('memory.current', `${300 * 2 ** 20}\n`);
  await write('memory.stat', `anon 1\ninactive_file ${100 * 2 ** 20}\n`);
  await write('cpu.stat', 'usage_usec 2500000\nuser_usec 1\n');
  await write('memory.max', 'max\n');
  await write('memory.peak', `${2 ** 30}\n`);
  expect(await confinement({ memoryBytes: 2 ** 31, cpus: 1 }).usage()).toEqual({
    memoryBytes: 200 * 2 ** 20,
    memoryLimitBytes: 2 ** 31,
    cpuSeconds: 2.5,
    cpus: 1,
  });
  expect(await confinement().outOfMemory()).toBeUndefined();
  await write('memory.events', 'low 0\nhigh 0\nmax 12\noom 1\noom_kill 2\noom_group_kill 1\n');
  expect(await confinement({ memoryBytes: 2 ** 30 }).outOfMemory()).toBe(
    'out of memory: used 1.0 of 1.0 GiB',
  );
  // It was within its own limit: others had taken what there was.
  expect(await confinement({ memoryBytes: 2 ** 31 }).outOfMemory()).toBe(
    'out of memory: used 1.0 of 2.0 GiB, and all kernels together, or the machine, had no more',
  );
  await write('memory.max', `${2 ** 30}\n`);
  expect(await confinement().outOfMemory()).toBe('out of memory: used 1.0 of 1.0 GiB');
  await rm(folder, { recursive: true });
});
