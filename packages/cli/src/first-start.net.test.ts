// What can be wrong with a machine on which `perijove lab` is started for the first time. The command is a process.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeFolders, removeFolders, type PerijoveFolders } from '@perijove/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';

const bundle = fileURLToPath(new URL('../../../dist/perijove.js', import.meta.url));
const withoutVenv = `The virtual environment was not created successfully because ensurepip is not
available.  On Debian/Ubuntu systems, you need to install the python3-venv
package using the following command.`;

let folders: PerijoveFolders;
let bin: string;

beforeEach(async () => {
  folders = await makeFolders();
  bin = join(folders.base, 'bin');
  await mkdir(bin);
  await symlink('/bin/sh', join(bin, 'sh'));
});
afterEach(() => removeFolders(folders));

/** A Python without ipykernel, that says this when it is to make an environment. It leaves a file when it is asked. */
async function installPython(saysOfVenv: string): Promise<void> {
  const script = `#!/bin/sh
case "$*" in
  *ipykernel*) exit 1 ;;
  *venv*) : > '${folders.base}/venv-was-tried'; echo "${saysOfVenv}"; exit 1 ;;
  *version_info*) echo 3.12.1 ;;
  *) exit 1 ;;
esac
`;
  await writeFile(join(bin, 'python3'), script);
  await chmod(join(bin, 'python3'), 0o755);
}

/** Runs it to its end, or until it has said that. */
async function start(
  args: string[],
  { env = {}, until = /(?!)/ }: { env?: Record<string, string>; until?: RegExp } = {},
): Promise<{ code: number; stderr: string }> {
  const all = [bundle, 'lab', '--no-browser', '--root-dir', folders.root, ...args];
  const child = spawn(process.execPath, all, {
    env: { PATH: bin, HOME: folders.home, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 50_000,
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    // Of this machine's other kernels a server might be made.
    if (until.test(stderr)) child.kill('SIGKILL');
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, stderr };
}

const triedVenv = async (): Promise<boolean> => (await readdir(folders.base)).includes('venv-was-tried');

test('[B42] a taken port is said before a Python environment is made', async () => {
  await installPython(withoutVenv);
  const taken = createServer().listen(0, 'localhost');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  const { code, stderr } = await start(['--port', String(port)]);
  taken.close();
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: `Port ${port} is taken. Choose another one with --port, or stop what uses it.\n`,
  });
  expect(await triedVenv()).toBe(false);
});

test.each([
  [
    'an address that is not there',
    ['--ip', '203.0.113.7'],
    {},
    /^This machine has no address 203\.0\.113\.7\. .*--ip\.\n$/,
  ],
  [
    'a state folder that cannot be',
    ['--state-dir', '/dev/null/x'],
    {},
    /^Running kernels and sessions cannot be kept in \/dev\/null\/x \(a file is where a folder should be\)\. .*--state-dir\.\n$/,
  ],
  [
    'a read-only state folder',
    ['--state-dir', '/sys'],
    {},
    /^Running kernels and sessions cannot be kept in \/sys \((the file system is read-only|you may not write there)\)\./,
  ],
  [
    'a runtime folder that cannot be',
    [],
    { JUPYTER_RUNTIME_DIR: '/dev/null' },
    /^Kernels' connection files cannot be kept in \/dev\/null \(.*JUPYTER_RUNTIME_DIR\.\n$/,
  ],
  [
    'a home that cannot be written',
    [],
    { HOME: '/dev/null' },
    /^Running kernels and sessions cannot be kept in \/dev\/null\/\.local\/state\/perijove \(.*\n$/,
  ],
  [
    'a root folder that is a file',
    ['--root-dir', '/dev/null'],
    {},
    /^\/dev\/null is a file\. --root-dir has to be a folder\.\n$/,
  ],
])('[B43] %s: one sentence at once', async (_what, args, env, expected) => {
  await installPython(withoutVenv);
  const { code, stderr } = await start(['--port', '0', ...args], { env });
  expect(stderr).toMatch(expected);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(code).toBe(2);
  expect(await triedVenv()).toBe(false);
});

test.each([
  ['Debian says', withoutVenv],
  ['other systems say', '/usr/bin/python3: No module named venv'],
])('[B43] a Python that cannot make environments, as %s: what to install', async (_who, says) => {
  await installPython(says);
  const until = /Then start again\./;
  const { stderr } = await start(['--port', '0'], { until });
  expect(stderr).toMatch(
    /\nPython 3\.12\.1 could not make a virtual environment\. .*python3-venv\. Then start again\./,
  );
  expect(stderr).not.toContain(says.split('\n')[0]);
  expect(await readdir(join(folders.home, '.local/share/perijove'))).toEqual([]);
});

test('[B43] where there is no Python, what to install is said', async () => {
  const { stderr } = await start(['--port', '0'], { until: /start again\./ });
  expect(stderr).toMatch(
    /^No Jupyter kernel was found, and no Python ≥ 3\.9 to make one with\. Install Python .*start again\./m,
  );
});
