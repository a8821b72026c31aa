import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findPythons } from './python-prefixes.ts';

let root: string;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'perijove-pythons-')));
});

afterEach(() => rm(root, { recursive: true }));

async function program(path: string, content = '\x7fELF'): Promise<string> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, content);
  await chmod(path, 0o755);
  return path;
}

test('[D8] $VIRTUAL_ENV goes first, and its interpreter is the one that is meant', async () => {
  const venv = join(root, 'venv');
  await program(join(venv, 'bin', 'python3'));
  await writeFile(join(venv, 'pyvenv.cfg'), '');
  expect(await findPythons({ VIRTUAL_ENV: venv, PATH: '' }, '/home/me')).toEqual({
    prefixes: [{ path: venv, isOwnEnvironment: true }],
    userBase: undefined,
    executable: join(venv, 'bin', 'python3'),
  });
});

test("[D8] python3 on PATH by its real place; Python's user folder goes with it", async () => {
  await program(join(root, 'opt', 'bin', 'python3.12'));
  await mkdir(join(root, 'bin'));
  await symlink(join(root, 'opt', 'bin', 'python3.12'), join(root, 'bin', 'python3'));
  expect(
    await findPythons({ PATH: `relative:${join(root, 'none')}:${join(root, 'bin')}` }, '/home/me'),
  ).toEqual({
    prefixes: [{ path: join(root, 'opt'), isOwnEnvironment: false }],
    userBase: '/home/me/.local',
    executable: join(root, 'bin', 'python3'),
  });
});

test('[D8] conda: its base is no environment of its own, another one is', async () => {
  const conda = join(root, 'conda');
  await program(join(conda, 'bin', 'python3'));
  const found = (name?: string) =>
    findPythons({ CONDA_PREFIX: conda, PATH: '', ...(name ? { CONDA_DEFAULT_ENV: name } : {}) }, '/home/me');
  expect((await found()).prefixes).toEqual([{ path: conda, isOwnEnvironment: false }]);
  expect((await found('work')).prefixes).toEqual([{ path: conda, isOwnEnvironment: true }]);
});

test('[D8] a script on PATH, as pyenv has, is asked where its Python is', async () => {
  const answer = `#!/bin/sh\nprintf '%s\\n' /real/bin/python /real /real\n`;
  await program(join(root, 'shims', 'python3'), answer);
  expect(await findPythons({ PATH: join(root, 'shims') }, '/home/me')).toMatchObject({
    prefixes: [{ path: '/real', isOwnEnvironment: false }],
    executable: '/real/bin/python',
  });
});

test('[D8] no Python at all, and a variable that points nowhere', async () => {
  expect(await findPythons({ PATH: root, VIRTUAL_ENV: join(root, 'gone') }, '/home/me')).toMatchObject({
    prefixes: [],
    executable: undefined,
  });
});
