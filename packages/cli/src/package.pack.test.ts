import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  fakeKernelspec,
  installKernelspec,
  makeFolders,
  removeFolders,
  type PerijoveFolders,
} from '@perijove/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../..', import.meta.url));
const notebook = { cells: [], metadata: {}, nbformat: 4, nbformat_minor: 5 };

let folders: PerijoveFolders;
let project: string;
const ends: (() => Promise<void>)[] = [];

beforeAll(async () => {
  folders = await makeFolders();
  project = join(folders.base, 'project');
  await mkdir(project);
  await run('npm', ['pack', '--pack-destination', project, '--ignore-scripts'], {
    cwd: root,
    maxBuffer: 2 ** 24,
  });
  const [tarball] = await readdir(project);
  await writeFile(join(project, 'package.json'), '{"name": "empty", "private": true}');
  // Whatever needed a build step or a compiler would fail without scripts.
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', `./${tarball}`], {
    cwd: project,
  });
  await installKernelspec(join(folders.base, 'jupyter', 'kernels'), 'fake', fakeKernelspec());
}, 240_000);

afterAll(async () => {
  for (const end of ends) await end();
  await removeFolders(folders);
});

/** `npx perijove lab` in the empty project; resolves with the URL that it prints. */
async function start(): Promise<URL> {
  const child = spawn(
    'npx',
    [
      '--no-install',
      'perijove',
      'lab',
      '--port',
      '0',
      '--no-browser',
      '--no-private-python',
      '--root-dir',
      folders.root,
    ],
    {
      cwd: project,
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env['PATH'], HOME: folders.home, JUPYTER_PATH: join(folders.base, 'jupyter') },
    },
  );
  ends.push(async () => {
    if (child.exitCode !== null) return;
    const exited = once(child, 'exit');
    process.kill(-child.pid!, 'SIGINT');
    await exited;
  });
  let output = '';
  for await (const chunk of child.stdout) {
    output += String(chunk);
    const url = /https?:\/\/\S+(?=\s)/.exec(output)?.[0];
    if (url !== undefined) return new URL(url);
  }
  throw new Error(`npx perijove lab ended before it answered: ${output}`);
}

describe('the package', () => {
  test('[B22] what `npm pack` makes installs in an empty folder without a build, and `npx perijove lab` starts there', async () => {
    const page = await start();
    const headers = { authorization: `token ${page.searchParams.get('token')!}` };
    const at = (path: string): URL => new URL(path, page);

    const lab = await fetch(page);
    expect(lab.status).toBe(200);
    const script = /<script defer src="([^"]+)"/.exec(await lab.text())?.[1];
    expect((await fetch(at(script!))).status).toBe(200);

    // Files are written by a worker, which is a second program of the package.
    const saved = await fetch(at('/api/contents/a.ipynb'), {
      method: 'PUT',
      headers,
      body: JSON.stringify({ type: 'notebook', format: 'json', content: notebook }),
    });
    expect(saved.status).toBe(201);

    // The pseudo-terminal is a native part.
    expect((await fetch(at('/api/terminals'), { method: 'POST', headers })).status).toBe(200);

    const kernel = await fetch(at('/api/kernels'), { method: 'POST', headers, body: '{"name":"fake"}' });
    expect(kernel.status).toBe(201);
    const { id } = (await kernel.json()) as { id: string };
    const stateOf = async (): Promise<string> =>
      ((await (await fetch(at(`/api/kernels/${id}`), { headers })).json()) as { execution_state: string })
        .execution_state;
    await expect.poll(stateOf, { timeout: 20_000 }).toBe('idle');
    expect((await fetch(at('/api/shutdown'), { method: 'POST', headers })).status).toBe(200);
  });
});
