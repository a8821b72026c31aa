import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ProvisionedKernel } from '@perijove/kernels';
import { fakeKernelspec } from '@perijove/testkit';
import { expect, test } from 'vitest';
import { sessionMembers } from '../session-members.ts';
import { eventually, Place } from '../testing/place.ts';
import { Limits, type LimitsMode } from './limits.ts';

const mib = 2 ** 20;
const resources = { memoryBytes: 160 * mib, cpus: 0.5 };
const silent = () => undefined;
const log = { debug: silent, info: silent, warn: silent, error: silent };
/** Says that it is up, waits for the file, takes 20 MiB every 10 ms up to 400 MiB, and stays. */
const greedy = (gate: string) =>
  `const fs = require('fs'); const taken = [];
   console.log('up');
   const wait = setInterval(() => {
     if (!fs.existsSync(${JSON.stringify(gate)})) return;
     clearInterval(wait);
     const take = setInterval(() => {
       taken.push(Buffer.alloc(20 * 2 ** 20, taken.length + 1));
       if (taken.length === 20) clearInterval(take);
     }, 10);
   }, 10);
   setInterval(() => {}, 1000)`;

const group = { name: `perijove-test-${process.pid}`, memoryBytes: 2 ** 30 };
const can = async (mode: LimitsMode) =>
  new Limits({ mode, guardIntervalMs: 50, cgroupIntervalMs: 50, group, log }).inForce().then(
    () => true,
    () => false,
  );
/** The ways that this machine has; the guard is one of every machine. The tests of the others are not there. */
const modes: LimitsMode[] = [];
for (const mode of ['cgroup2', 'cgroup1', 'guard'] as const) if (await can(mode)) modes.push(mode);
const cgroupModes = modes.filter((mode) => mode !== 'guard');
const foldersOf = ({ handle }: ProvisionedKernel): string[] =>
  (handle['confinement'] as { folders?: string[] }).folders ?? [];
const isThere = (folder: string) =>
  readdir(folder).then(
    () => true,
    () => false,
  );

for (const mode of modes) {
  const open = (place: Place, options = {}) =>
    place.provisioner({ limits: mode, guardIntervalMs: 50, cgroupIntervalMs: 50, ...options });

  test(`[L2][L3] ${mode}: a kernel over its limit dies alone, with the reason; nothing of it is left`, async () => {
    await using place = await Place.create();
    const provisioner = open(place);
    expect(await provisioner.limits()).toMatchObject({
      kind: mode,
      sentence: expect.stringMatching(/^Kernels /),
    });
    const good = await place.launch(fakeKernelspec(), provisioner, { resources });
    const client = await place.client(good);
    const gate = join(place.folder, 'gate');
    const bad = await place.launch({ argv: [process.execPath, '-e', greedy(gate)] }, provisioner, {
      resources,
    });
    await writeFile(gate, '');
    const exit = await bad.exited;
    expect(exit).toMatchObject({ reason: 'outOfMemory', signal: 'SIGKILL' });
    expect(exit.message).toMatch(/^out of memory: used \d+\.\d of 160\.0 MiB$/);
    if (mode !== 'guard') expect(exit.message).toBe('out of memory: used 160.0 of 160.0 MiB');
    expect((await client.execute('stream alive')).text).toBe('alive\n');
    const folders = foldersOf(bad);
    expect(folders.length > 0).toBe(mode !== 'guard');
    await bad.destroy(0);
    for (const folder of folders) expect(await isThere(folder)).toBe(false);
  });

  test(`[L4] ${mode}: when a process that a kernel has started is over, all of it ends`, async () => {
    await using place = await Place.create();
    const gate = join(place.folder, 'gate');
    const worker = JSON.stringify(greedy(gate));
    const parent = `require('child_process').spawn(process.execPath, ['-e', ${worker}]); setInterval(() => {}, 1000)`;
    const kernel = await place.launch({ argv: [process.execPath, '-e', parent] }, open(place), {
      resources,
    });
    await writeFile(gate, '');
    expect(await kernel.exited).toMatchObject({
      reason: 'outOfMemory',
      message: expect.stringMatching(/^out of memory: used \d+\.\d of 160\.0 MiB$/),
    });
    await kernel.destroy(0);
    const { pid, startedAt } = kernel.handle as unknown as { pid: number; startedAt: string };
    expect(await sessionMembers({ pid, startedAt })).toEqual([]);
  });

  test(`[L5] ${mode}: limits hold for an adopted kernel, and its end is told with its reason`, async () => {
    await using place = await Place.create();
    const gate = join(place.folder, 'gate');
    // A server that was killed watches nothing any more: its guard never looks.
    const former = open(place, { guardIntervalMs: 600_000, cgroupIntervalMs: 600_000 });
    const launched = await place.launch({ argv: [process.execPath, '-e', greedy(gate)] }, former, {
      resources,
    });
    const adopted = await place.adopt(launched.handle, open(place));
    await writeFile(gate, '');
    expect(await adopted.exited).toMatchObject({ reason: 'outOfMemory' });
    // And to one that came only when it was over.
    expect(await open(place).adopt(launched.handle)).toMatchObject({
      ended: {
        reason: 'outOfMemory',
        message: expect.stringMatching(/^out of memory: used .* of 160\.0 MiB$/),
      },
    });
    for (const folder of foldersOf(launched)) expect(await isThere(folder)).toBe(false);
  });

  test(`[L6] ${mode}: usage is what it uses`, async () => {
    await using place = await Place.create();
    const kernel = await place.launch(fakeKernelspec(), open(place), { resources });
    await place.client(kernel);
    const usage = await kernel.usage?.();
    expect(usage?.memoryBytes).toBeGreaterThan(10 * mib);
    expect(usage?.memoryBytes).toBeLessThan(160 * mib);
    expect(usage?.memoryLimitBytes).toBe(160 * mib);
    expect(usage?.cpuSeconds).toBeGreaterThan(0);
    expect(usage?.cpuSeconds).toBeLessThan(60);
    await kernel.destroy(0);
    expect(await kernel.usage?.()).toBeUndefined();
  });
}

test.each(cgroupModes)('[L7] %s: processors are limited', async (mode) => {
  await using place = await Place.create();
  const kernel = await place.script('sleep 600', place.provisioner({ limits: mode }), { resources });
  const file = mode === 'cgroup2' ? 'cpu.max' : 'cpu.cfs_quota_us';
  const texts = await Promise.all(
    foldersOf(kernel).map((folder) => readFile(join(folder, file), 'utf8').catch(() => '')),
  );
  expect(texts.join('').trim()).toBe(mode === 'cgroup2' ? '50000 100000' : '50000');
  const weight = mode === 'cgroup2' ? 'cpu.weight' : 'cpu.shares';
  const weights = await Promise.all(
    foldersOf(kernel).map((folder) => readFile(join(dirname(folder), weight), 'utf8').catch(() => '')),
  );
  expect(weights.join('').trim()).toBe(mode === 'cgroup2' ? '25' : '256');
});

test.each(cgroupModes)('[L4] %s: what took a session of its own ends with its kernel', async (mode) => {
  await using place = await Place.create();
  const kernel = await place.script('setsid sleep 600 & wait', place.provisioner({ limits: mode }));
  const [folder = ''] = foldersOf(kernel);
  await eventually(
    'it runs',
    async () => (await readFile(join(folder, 'cgroup.procs'), 'utf8')).split('\n').length > 2,
  );
  await kernel.destroy(0);
  expect(await isThere(folder)).toBe(false);
  expect(await isThere(dirname(folder))).toBe(false);
});

test.each(cgroupModes)(
  '[L8] %s: all kernels together keep within what they may have; who is small stays',
  async (mode) => {
    await using place = await Place.create();
    const provisioner = place.provisioner({
      limits: mode,
      share: { memoryBytes: 400 * mib, lowBytes: 0 },
      cgroupIntervalMs: 50,
    });
    const good = await place.launch(fakeKernelspec(), provisioner, { resources });
    const client = await place.client(good);
    const gate = join(place.folder, 'gate');
    const many = { resources: { memoryBytes: 390 * mib } };
    const spec = { argv: [process.execPath, '-e', greedy(gate)] };
    const bad = [await place.launch(spec, provisioner, many), await place.launch(spec, provisioner, many)];
    await writeFile(gate, '');
    expect((await Promise.race(bad.map(({ exited }) => exited))).message).toMatch(
      /^out of memory: used \d+\.\d of 390\.0 MiB/,
    );
    expect((await client.execute('stream alive')).text).toBe('alive\n');
  },
);

test('[L9] with limits off nothing is limited, and that is said', async () => {
  await using place = await Place.create();
  const provisioner = place.provisioner({ limits: 'off' });
  expect(await provisioner.limits()).toMatchObject({
    kind: 'off',
    sentence: expect.stringContaining('--limits off'),
  });
  const kernel = await place.launch(fakeKernelspec(), provisioner, { resources: { memoryBytes: mib } });
  expect((await (await place.client(kernel)).execute('stream alive')).text).toBe('alive\n');
});

test('[L1] a way that is asked for and not to be had is refused, with what is missing', async () => {
  const files = { mountinfo: '', cgroup: '' };
  const limits = (mode: LimitsMode) =>
    new Limits({ mode, guardIntervalMs: 50, cgroupIntervalMs: 50, group, log, files });
  await expect(limits('cgroup2').inForce()).rejects.toThrow('cgroup v2 is not mounted');
  await expect(limits('cgroup1').inForce()).rejects.toThrow('cgroup v1 has no memory controller here');
  expect(await limits('auto').inForce()).toEqual({
    kind: 'guard',
    sentence:
      'Kernels are watched 20 times a second and ended when they use more memory than they may; processors are not limited (cgroup v2 is not mounted; cgroup v1 has no memory controller here).',
  });
});
