import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { closeSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  outOfMemoryMark,
  readOutOfMemoryMark,
  readRecordedEnd,
  superviseCommand,
} from './supervising-shell.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perijove-shell-'));
});

afterAll(() => rm(folder, { recursive: true }));

/** Runs a script as the kernel, with this shell in the place of /bin/sh, and reads what it wrote down. */
async function end(shell: string, script: string, entrances: readonly string[] = []) {
  const link = join(await mkdtemp(join(folder, 'sh-')), 'sh');
  await symlink(shell, link);
  const [exit, log] = [`${link}.exit`, `${link}.log`];
  const [exitFd, logFd] = [openSync(exit, 'a'), openSync(log, 'a')];
  const [, ...args] = superviseCommand(['/bin/sh', '-c', script], exit, entrances);
  spawnSync(link, args, { stdio: ['ignore', 'ignore', exitFd, logFd] });
  closeSync(exitFd);
  closeSync(logFd);
  const lines = (await readFile(log, 'utf8')).trim().split('\n');
  return { end: readRecordedEnd(await readFile(exit, 'utf8'), lines.at(-1)), log: lines };
}

// What /bin/sh is on Debian, and on Fedora and macOS.
for (const shell of ['/bin/dash', '/bin/bash', '/bin/sh'].filter((file) => existsSync(file))) {
  test.each([
    ['exit 0', { kind: 'exited', code: 0 }],
    ['exit 127', { kind: 'exited', code: 127 }],
    ['exit 137', { kind: 'exited', code: 137 }],
    ['exit 255', { kind: 'exited', code: 255 }],
    ['kill -KILL $$', { kind: 'signalled', signal: 'SIGKILL', number: 9 }],
    ['kill -SEGV $$', { kind: 'signalled', signal: 'SIGSEGV', number: 11 }],
    ['kill -TERM $$', { kind: 'signalled', signal: 'SIGTERM', number: 15 }],
    ['kill -INT $$', { kind: 'signalled', signal: 'SIGINT', number: 2 }],
  ])(`[X7] ${shell} writes down how \`%s\` ended`, async (script, expected) => {
    expect((await end(shell, `echo words >&2; ${script}`)).end).toEqual(expected);
  });

  test(`[X7] with ${shell}, what the kernel says stays out of the exit file`, async () => {
    const { end: recorded, log } = await end(shell, "printf '\\nstatus 3\\n' >&2; exit 4");
    expect(recorded).toEqual({ kind: 'exited', code: 4 });
    expect(log.at(-1)).toBe('status 3');
  });

  test(`[L2] with ${shell}, the kernel enters what limits it first, or does not start`, async () => {
    const entrances = [join(folder, `memory-${basename(shell)}`), join(folder, `cpu-${basename(shell)}`)];
    const seen = await end(shell, `cat ${entrances.join(' ')} >&2; exit 4`, entrances);
    expect(seen).toEqual({ end: { kind: 'exited', code: 4 }, log: ['0', '0'] });
    const { end: refused, log } = await end(shell, 'echo ran >&2', ['/nowhere/cgroup.procs']);
    expect(refused).toEqual({
      kind: 'notExecuted',
      reason: expect.stringMatching(/^it cannot be put within its limits: .*\/nowhere\/cgroup\.procs/),
    });
    expect(log).toEqual(['']);
  });
}

test('[X7] an exit file that was not finished says nothing', () => {
  expect(readRecordedEnd('')).toBeUndefined();
  expect(readRecordedEnd('Killed\n')).toBeUndefined();
  expect(readRecordedEnd('\nstatus 1')).toBeUndefined();
});

test('[L3] a mark in the exit file says why a kernel was ended, and the shell goes on to say how', () => {
  const text = `${outOfMemoryMark('out of memory: used 2.0 of 2.0 GiB')}Killed\n\nstatus 137\n`;
  expect(readOutOfMemoryMark(text)).toBe('out of memory: used 2.0 of 2.0 GiB');
  expect(readRecordedEnd(text)).toEqual({ kind: 'signalled', signal: 'SIGKILL', number: 9 });
  expect(readOutOfMemoryMark('Killed\n\nstatus 137\n')).toBeUndefined();
});
