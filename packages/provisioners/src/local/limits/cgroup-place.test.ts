import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ownCgroup, readLimit, withThoseAbove } from './cgroup-place.ts';

const mounted2 = '30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate';
const mounted1 = [
  '31 30 0:27 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory',
  '32 30 0:28 /docker/x /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
  '33 30 0:29 / /mnt/with\\040space rw - cgroup cgroup rw,pids',
].join('\n');

test.each([
  ['version 2', mounted2, '0::/user.slice/a.scope\n', undefined, '/sys/fs/cgroup/user.slice/a.scope'],
  ['version 1', mounted1, '4:memory:/a\n0::/b\n', 'memory', '/sys/fs/cgroup/memory/a'],
  ['a container sees only itself', mounted1, '1:cpu,cpuacct:/docker/x', 'cpu', '/sys/fs/cgroup/cpu,cpuacct'],
  ['and what is below', mounted1, '1:cpu,cpuacct:/docker/x/y', 'cpuacct', '/sys/fs/cgroup/cpu,cpuacct/y'],
  ['a path from outside of it', mounted1, '1:cpu,cpuacct:/other', 'cpu', '/sys/fs/cgroup/cpu,cpuacct'],
  ['a path with a space', mounted1, '9:pids:/', 'pids', '/mnt/with space'],
  ['not mounted', mounted1, '0::/a', undefined, undefined],
  ['no such controller', mounted2, '0::/a', 'memory', undefined],
  ['no /proc', '', '', 'memory', undefined],
])('[L1] the own cgroup: %s', (_what, mountinfo, cgroup, controller, expected) => {
  expect(ownCgroup({ mountinfo, cgroup }, controller)).toBe(expected);
});

test('[X16] in a leaf without a limit the limits of those above it hold', async () => {
  const top = await mkdtemp(join(tmpdir(), 'perijove-cgroup-'));
  const service = join(top, 'a.service');
  const leaf = join(service, 'perijove-server');
  await mkdir(leaf, { recursive: true });
  await writeFile(join(service, 'memory.max'), '1073741824\n');
  await writeFile(join(leaf, 'memory.max'), 'max\n');
  expect(withThoseAbove(leaf)).toEqual([leaf, service]);
  expect(withThoseAbove(leaf).map(readLimit)).toEqual([Infinity, 2 ** 30]);
  expect(withThoseAbove(top)).toEqual([]);
  await rm(top, { recursive: true });
});
