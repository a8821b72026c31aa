// Ctrl-C at a real terminal, as a person has it.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as pty from '@lydell/node-pty';
import {
  fakeKernelspec,
  installKernelspec,
  makeFolders,
  removeFolders,
  type PerijoveFolders,
} from '@perijove/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';

const bundle = fileURLToPath(new URL('../../../dist/perijove.js', import.meta.url));
const ctrlC = '\x03';
const patience = { timeout: 30_000 };

let folders: PerijoveFolders;
let terminal: pty.IPty;
let output: string;
let exitCode: number | undefined;
let url: URL;

beforeEach(async () => {
  folders = await makeFolders();
  await installKernelspec(join(folders.base, 'jupyter/kernels'), 'fake', fakeKernelspec());
  output = '';
  exitCode = undefined;
  terminal = pty.spawn(
    process.execPath,
    [bundle, 'lab', '--port', '0', '--no-browser', '--no-private-python', '--root-dir', folders.root],
    {
      cols: 500,
      env: {
        PATH: process.env['PATH'],
        HOME: folders.home,
        JUPYTER_PATH: join(folders.base, 'jupyter'),
      },
    },
  );
  terminal.onData((text) => (output += text));
  terminal.onExit((end) => (exitCode = end.exitCode));
  await expect.poll(() => output, patience).toMatch(/http:\S+\r\n/);
  url = new URL(/http:\S+/.exec(output)![0]);
});
afterEach(async () => {
  if (exitCode === undefined) terminal.kill('SIGKILL');
  await removeFolders(folders);
});

async function startKernel(): Promise<string> {
  const response = await api('api/kernels', { method: 'POST', body: '{"name": "fake"}' });
  const { id } = (await response.json()) as { id: string };
  await expect
    .poll(async () => (await (await api(`api/kernels/${id}`)).json()) as object, patience)
    .toMatchObject({ execution_state: 'idle' });
  return id;
}

function api(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { authorization: `token ${url.searchParams.get('token')}` };
  return fetch(new URL(`/${path}`, url), { ...init, headers });
}

async function ask(): Promise<void> {
  output = '';
  terminal.write(ctrlC);
  await expect.poll(() => output, patience).toContain('[n] = go on?');
}

/** Processes that were told to listen where this kernel's connection file says. */
async function processesOf(id: string): Promise<number> {
  let count = 0;
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (words.startsWith(`${process.execPath}\0`) && words.includes(`kernel-${id}.json`)) count++;
  }
  return count;
}

const ended = () => expect.poll(() => exitCode, patience);

test('[B44] it asks; Enter goes on; k ends the server and keeps its kernels, and says so', async () => {
  const id = await startKernel();
  await ask();
  expect(output).toContain('1 kernel is running. Stop the server:');
  terminal.write('\r');
  await expect.poll(() => output, patience).toContain('Going on.');
  await ask();
  terminal.write('what\r');
  await expect.poll(() => output.split('go on?').length, patience).toBeGreaterThan(2);
  expect((await api(`api/kernels/${id}`)).status).toBe(200);
  terminal.write('k\r');
  await ended().toBe(0);
  expect(output).toContain('Stopped. 1 kernel goes on');
  expect(await processesOf(id)).toBe(1);
});

test('[B44] y ends the server and its kernels', async () => {
  const id = await startKernel();
  await ask();
  terminal.write('y\r');
  await ended().toBe(0);
  expect(await processesOf(id)).toBe(0);
});

test('[B44] a second Ctrl-C ends the server and its kernels', async () => {
  const id = await startKernel();
  await ask();
  terminal.write(ctrlC);
  await ended().toBe(0);
  expect(await processesOf(id)).toBe(0);
});
