import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { ProcProcesses, sharedOnce } from './proc-processes.ts';
import { groupUses } from './ps-processes.ts';

const onLinux = process.platform === 'linux';
const takes = (mib: number) => `const taken = Buffer.alloc(${mib} * 2 ** 20, 1); console.log(taken.length)`;

/** A leader as the kernels' shell is one, whose grandchild takes 80 MiB. */
async function startGroup() {
  const script = `${JSON.stringify(process.execPath)} -e ${JSON.stringify(`${takes(80)}; setInterval(() => {}, 1000)`)}; true`;
  const leader = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  await once(leader.stdout, 'data');
  const pid = leader.pid ?? 0;
  return {
    pid,
    async [Symbol.asyncDispose]() {
      process.kill(-pid, 'SIGKILL');
      await once(leader, 'exit');
    },
  };
}

if (onLinux)
  test('[L6] what a kernel uses is that of all its processes but the shell', async () => {
    await using group = await startGroup();
    const processes = new ProcProcesses();
    const use = (await processes.measure([group.pid, 999_999_999])).get(group.pid);
    expect(use?.pids).toHaveLength(1);
    expect(use?.memoryBytes).toBeGreaterThan(80 * 2 ** 20);
    expect(use?.memoryBytes).toBeLessThan(400 * 2 ** 20);
    expect(sharedOnce(use?.pids ?? [])).toBeGreaterThan(80 * 2 ** 20);
    expect(sharedOnce(use?.pids ?? [])).toBeLessThanOrEqual(use?.memoryBytes ?? 0);
    expect((await processes.measure([999_999_999])).size).toBe(0);
  });

test('[L6] `ps` says the same', async () => {
  await using group = await startGroup();
  const text = execFileSync('/bin/ps', ['-axo', 'pid=,ppid=,pgid=,rss=,time='], { encoding: 'utf8' });
  const use = groupUses(text, [group.pid]).get(group.pid);
  expect(use?.pids).toHaveLength(1);
  expect(use?.memoryBytes).toBeGreaterThan(80 * 2 ** 20);
});

test('[L6] what `ps` writes is read: groups, descendants in other groups, times', () => {
  const text = [
    '  10  1 10 100 0:01.50',
    '  11 10 10 2048 1:02.00',
    ' 12 11 12 1024 1-00:00:01',
    '13 1 13 9 0:00',
  ].join('\n');
  expect(groupUses(text, [10])).toEqual(
    new Map([[10, { pids: [11, 12], memoryBytes: 3072 * 1024, cpuSeconds: 1.5 + 62 + 86_401 }]]),
  );
});
