import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KernelspecFile } from '@perijove/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kernelCommand, kernelProgram } from './kernel-command.ts';

let prefix: string;

beforeAll(async () => {
  prefix = await mkdtemp(join(tmpdir(), 'perijove-prefix-'));
  await mkdir(join(prefix, 'bin'));
  await writeFile(join(prefix, 'bin', 'python3'), '');
  await chmod(join(prefix, 'bin', 'python3'), 0o755);
});

afterAll(() => rm(prefix, { recursive: true }));

const options = {
  kernelId: 'k',
  connectionFile: '/run/k.json',
  cwd: '/work',
  home: '/home/me',
  python: '/usr/bin/python3',
  env: { HOME: '/home/me', PATH: '/bin' },
};

const command = (spec: Partial<KernelspecFile>, resourceDir = '/specs/x') =>
  kernelCommand(
    { name: 'x', resourceDir, spec: { argv: ['a'], display_name: 'X', language: 'x', ...spec } },
    options,
  );

test('[D30] templates in argv are filled in; unknown ones stay', async () => {
  const argv = [
    'prog',
    '-f={connection_file}',
    '{resource_dir}/x',
    '{prefix}',
    '{cwd} {kernel_id}',
    '{other}',
    '{constructor}',
  ];
  expect((await command({ argv })).argv).toEqual([
    'prog',
    '-f=/run/k.json',
    '/specs/x/x',
    '/usr',
    '/work k',
    '{other}',
    '{constructor}',
  ]);
});

test('[D31] ~ is the home folder, at the beginning only', async () => {
  expect((await command({ argv: ['~/bin/k', '~', 'a~', '~other/x'] })).argv).toEqual([
    '/home/me/bin/k',
    '/home/me',
    'a~',
    '~other/x',
  ]);
});

test.each(['python', 'python3', 'python3.12'])(
  "[D32] %s is the interpreter of the kernelspec's own prefix, else the user's",
  async (program) => {
    const own = join(prefix, 'share', 'jupyter', 'kernels', 'python3');
    expect((await command({ argv: [program, '{prefix}'] }, own)).argv).toEqual([
      join(prefix, 'bin', 'python3'),
      prefix,
    ]);
    expect((await command({ argv: [program] })).argv).toEqual(['/usr/bin/python3']);
  },
);

test('[D32] the program alone is found in the same way', async () => {
  const own = join(prefix, 'share', 'jupyter', 'kernels', 'python3');
  const program = (argv0: string, resourceDir: string, python?: string) =>
    kernelProgram(
      { name: 'x', resourceDir, spec: { argv: [argv0], display_name: 'X', language: 'x' } },
      python,
    );
  expect(await program('python', own, '/usr/bin/python3')).toBe(join(prefix, 'bin', 'python3'));
  expect(await program('python', '/specs/x', '/usr/bin/python3')).toBe('/usr/bin/python3');
  expect(await program('R', own)).toBe('R');
});

test('[D32] python2 and a path are what they say', async () => {
  expect((await command({ argv: ['python2'] })).argv).toEqual(['python2']);
  expect((await command({ argv: ['/opt/python'] })).argv).toEqual(['/opt/python']);
});

test("[D33] env is as string.Template's safe_substitute makes it, over what is inherited", async () => {
  const env = {
    PATH: '/extra:${PATH}',
    A: '$HOME/x',
    B: '$$HOME',
    C: '${MISSING} $MISSING $ ${',
    D: '${toString}',
  };
  expect((await command({ env })).env).toEqual({
    HOME: '/home/me',
    PATH: '/extra:/bin',
    A: '/home/me/x',
    B: '$HOME',
    C: '${MISSING} $MISSING $ ${',
    D: '${toString}',
  });
});

test("[D34] what was allowed of a request's env goes before the kernelspec's", async () => {
  const env = { KERNEL_VAR: 'spec', OTHER: '${KERNEL_VAR}' };
  const inherited = { PATH: '/bin', KERNEL_VAR: 'request' };
  const spec = { argv: ['a'], display_name: 'X', language: 'x', env };
  const { env: made } = await kernelCommand(
    { name: 'x', resourceDir: '/specs/x', spec },
    { ...options, env: inherited, overrides: { KERNEL_VAR: 'request' } },
  );
  expect(made).toEqual({ PATH: '/bin', KERNEL_VAR: 'request', OTHER: 'request' });
});
