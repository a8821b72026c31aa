import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  fakeKernelspec,
  installKernelspec,
  makeFolders,
  removeFolders,
  startPerijove,
  type PerijoveFolders,
  type PerijoveProcess,
} from '@perijove/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const bundle = fileURLToPath(new URL('../../../dist/perijove.js', import.meta.url));

let folders: PerijoveFolders;
let env: Record<string, string>;
const running: PerijoveProcess[] = [];

beforeEach(async () => {
  folders = await makeFolders();
  const data = join(folders.base, 'jupyter');
  env = { JUPYTER_PATH: data };
  await installKernelspec(join(data, 'kernels'), 'fake', fakeKernelspec());
});

afterEach(async () => {
  for (const server of running.splice(0)) await server[Symbol.asyncDispose]();
  await removeFolders(folders);
});

async function start(args: readonly string[] = []): Promise<PerijoveProcess> {
  const server = await startPerijove({ folders, env, args });
  running.push(server);
  return server;
}

/** The command as a person would type it, in the same home. */
async function perijove(...args: string[]): Promise<{ stdout: string; stderr: string; code: number }> {
  try {
    const { PATH = '' } = process.env;
    return {
      ...(await run(process.execPath, [bundle, ...args], { env: { PATH, HOME: folders.home, ...env } })),
      code: 0,
    };
  } catch (error) {
    return error as { stdout: string; stderr: string; code: number };
  }
}

async function startKernel(server: PerijoveProcess): Promise<string> {
  const response = await server.fetch('api/kernels', {
    method: 'POST',
    body: JSON.stringify({ name: 'fake' }),
  });
  expect(response.status).toBe(201);
  return ((await response.json()) as { id: string }).id;
}

async function stateOf(server: PerijoveProcess, id: string): Promise<string | undefined> {
  const response = await server.fetch(`api/kernels/${id}`);
  return response.ok ? ((await response.json()) as { execution_state: string }).execution_state : undefined;
}

describe('perijove lab', () => {
  test('[B15] prints one line with the URL and its token, which logs in', async () => {
    const server = await start();
    expect(server.output()).toMatch(/^Perijove is at http:\/\/localhost:\d+\/lab\?token=[0-9a-f]{48}\n/m);
    expect((await fetch(`${server.url}api/kernels`)).status).toBe(403);
    expect((await server.fetch('api/kernels')).status).toBe(200);
  });

  test('[B16] a taken port is refused in one sentence where it was asked for', async () => {
    const taken = createServer().listen(0, 'localhost');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const { code, stderr } = await perijove(
      'lab',
      '--no-browser',
      '--port',
      String(port),
      '--root-dir',
      folders.root,
    );
    taken.close();
    expect(code).toBe(2);
    expect(stderr).toMatch(new RegExp(`^Port ${port} is taken\\.`));
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  test('[B16] a folder that is not there is refused in one sentence', async () => {
    const { code, stderr } = await perijove('lab', '--root-dir', join(folders.base, 'nowhere'));
    expect(code).toBe(2);
    expect(stderr).toMatch(/^The folder .*nowhere does not exist or cannot be read\./);
  });

  test('[B17] a server that was killed leaves its kernels, and the next one on the folder has them', async () => {
    const first = await start();
    const id = await startKernel(first);
    await expect.poll(() => stateOf(first, id), { timeout: 20_000 }).toBe('idle');
    await first.end('SIGKILL');
    const listed = await perijove('list');
    expect(listed.stdout).toContain(id);
    const second = await start();
    await expect.poll(() => stateOf(second, id), { timeout: 20_000 }).toBe('idle');
  });

  test('[B18] SIGTERM keeps the kernels and says so; perijove stop --kernels ends them', async () => {
    const server = await start();
    const id = await startKernel(server);
    await expect.poll(() => stateOf(server, id), { timeout: 20_000 }).toBe('idle');
    await server.end('SIGTERM');
    expect(server.output()).toMatch(/1 kernel goes on/);
    const { stdout } = await perijove('stop', '--kernels');
    expect(stdout).toContain(`Ended kernel ${id}`);
    expect((await perijove('list')).stdout).toBe('No server is running.\n');
  });

  test('[B19] a running server is listed with its URL, and stopped by its port', async () => {
    const server = await start();
    const { port } = new URL(server.url);
    const listed = await perijove('list', '--json');
    expect(JSON.parse(listed.stdout)).toMatchObject({
      servers: [{ port: Number(port), token: server.token, root_dir: folders.root }],
    });
    expect((await perijove('stop', port)).stdout).toContain(`Stopped the server on port ${port}`);
    expect((await perijove('list')).stdout).toBe('No server is running.\n');
  });

  test('[B20] POST /api/shutdown ends the server and its kernels', async () => {
    const server = await start();
    await startKernel(server);
    const ended = once(server.child, 'exit');
    expect((await server.fetch('api/shutdown', { method: 'POST' })).status).toBe(200);
    expect(await ended).toEqual([0, null]);
    expect((await perijove('list')).stdout).toBe('No server is running.\n');
  });

  test('[B21] what is not public in the home folder stays so', async () => {
    const server = await start();
    const file = join(folders.home, '.local/share/jupyter/runtime', `jpserver-${server.child.pid}.json`);
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({
      pid: server.child.pid,
      token: server.token,
    });
  });

  test('[B23] what the bundle loads only when it is needed is in it', async () => {
    const server = await start();
    const send = (method: string, path: string, body: unknown) =>
      server.fetch(path, { method, body: JSON.stringify(body) }).then(({ status }) => status);
    const setting = 'lab/api/settings/@jupyterlab/apputils-extension:themes';
    expect(await send('PUT', setting, { raw: '{"theme": "JupyterLab Dark"}' })).toBe(204);
    expect(await send('PUT', setting, { raw: '{"theme": 3}' })).toBe(400);
    expect((await server.fetch('lab/api/settings')).status).toBe(200);
    const event = { schema_id: 'https://events.jupyter.org/jupyter_server/gateway_client/v1', version: '1' };
    expect(await send('POST', 'api/events', { ...event, data: { status: 'success', msg: 'x' } })).toBe(204);
    expect(await send('POST', 'api/events', { ...event, data: { status: 3 } })).toBe(400);
    expect((await server.fetch('metrics')).status).toBe(200);
    expect((await server.fetch('api/spec.yaml')).status).toBe(200);
    expect((await server.fetch('api/terminals', { method: 'POST' })).status).toBe(200);
  });
});
