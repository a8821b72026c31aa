// Two people at one server, with a root folder each: nothing of the one is there for the other. The real command.
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  addToken,
  fakeKernelspec,
  installKernelspec,
  makeFolders,
  removeFolders,
  startPerijove,
  type PerijoveFolders,
  type PerijoveProcess,
} from '@perijove/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';

let folders: PerijoveFolders;
let server: PerijoveProcess;
let tokens: Record<string, string>;

beforeAll(async () => {
  folders = await makeFolders();
  const data = join(folders.base, 'jupyter');
  const fake = fakeKernelspec();
  await installKernelspec(join(data, 'kernels'), 'fake', {
    ...fake,
    // Leaves a trace in the folder that it was started in.
    argv: ['/bin/sh', '-c', 'echo here > started-here; exec "$0" "$@"', ...fake.argv],
  });
  tokens = { ada: await addToken(folders, 'ada'), bob: await addToken(folders, 'bob') };
  server = await startPerijove({
    folders: { ...folders, root: join(folders.root, '{username}') },
    env: { JUPYTER_PATH: data },
    args: ['--kernel-accounts', 'same'],
  });
  await put('ada', 'work/secret.txt', 'of ada');
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await removeFolders(folders);
});

async function as(user: string, method: string, path: string, payload?: object) {
  const response = await fetch(new URL(path, server.url), {
    method,
    headers: { authorization: `Bearer ${tokens[user]}` },
    ...(payload === undefined ? {} : { body: JSON.stringify(payload) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
  return { status: response.status, text, body: isJson ? JSON.parse(text) : undefined };
}

async function put(user: string, path: string, content: string): Promise<void> {
  await mkdir(join(folders.root, user, 'work'), { recursive: true, mode: 0o700 });
  await writeFile(join(folders.root, user, path), content);
}

function connect(user: string, path: string): WebSocket {
  return new WebSocket(new URL(path, server.url.replace(/^http/, 'ws')), {
    headers: { authorization: `Bearer ${tokens[user]}` },
  });
}

/** `open`, or the status of the refusal. */
async function socketOf(user: string, path: string): Promise<'open' | number> {
  const socket = connect(user, path);
  return new Promise((resolve, reject) => {
    socket.on('open', () => {
      socket.terminate();
      resolve('open');
    });
    socket.on('unexpected-response', (_request, response) => {
      response.destroy();
      resolve(response.statusCode ?? 0);
    });
    socket.on('error', reject);
  });
}

const idsOf = (list: readonly { readonly id: string }[]): string[] => list.map(({ id }) => id);

describe('two users of one perijove', () => {
  test('[B32] each has files of their own, and no path leads to the other’s', async () => {
    expect((await as('ada', 'GET', 'api/contents/work/secret.txt')).body.content).toBe('of ada');
    expect((await as('ada', 'GET', 'files/work/secret.txt')).text).toBe('of ada');
    const paths = ['work/secret.txt', 'ada/work/secret.txt', '..%2Fada%2Fwork%2Fsecret.txt', '%2e%2e/ada/work/secret.txt']; // prettier-ignore
    for (const path of paths) {
      // oxlint-disable-next-line no-await-in-loop
      const answers = await Promise.all([
        as('bob', 'GET', `api/contents/${path}`),
        as('bob', 'GET', `files/${path}`),
        as('bob', 'GET', `nbconvert/html/${path}`),
      ]);
      for (const { status, text } of answers) {
        expect(status).toBeGreaterThanOrEqual(400);
        expect(text).not.toContain('of ada');
      }
    }
    expect((await as('bob', 'GET', 'api/contents')).body.content).toEqual([]);
    await as('bob', 'PUT', 'api/contents/mine.txt', { type: 'file', format: 'text', content: 'of bob' });
    expect(await readFile(join(folders.root, 'bob/mine.txt'), 'utf8')).toBe('of bob');
    const listed = (await as('ada', 'GET', 'api/contents')).body.content as { name: string }[];
    expect(listed.map(({ name }) => name)).toEqual(['work']);
  });

  test('[B32] each has kernels and sessions of their own, started in their own folder; the other’s are not there', async () => {
    const body = { path: 'work/a.ipynb', name: 'a.ipynb', type: 'notebook', kernel: { name: 'fake' } };
    const hers = (await as('ada', 'POST', 'api/sessions', body)).body;
    const his = (await as('bob', 'POST', 'api/sessions', body)).body;
    expect(his.kernel.id).not.toBe(hers.kernel.id);
    const traces = [join(folders.root, 'ada/work/started-here'), join(folders.root, 'bob/started-here')];
    for (const trace of traces)
      // oxlint-disable-next-line no-await-in-loop
      await expect.poll(() => readFile(trace, 'utf8').catch(() => ''), { timeout: 20_000 }).toBe('here\n');
    for (const [user, own] of [
      ['ada', hers],
      ['bob', his],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop
      expect(idsOf((await as(user, 'GET', 'api/kernels')).body)).toEqual([own.kernel.id]);
      // oxlint-disable-next-line no-await-in-loop
      expect(idsOf((await as(user, 'GET', 'api/sessions')).body)).toEqual([own.id]);
    }
    expect((await as('bob', 'GET', `api/kernels/${hers.kernel.id}`)).status).toBe(404);
    expect((await as('bob', 'DELETE', `api/kernels/${hers.kernel.id}`)).status).toBe(404);
    expect((await as('bob', 'GET', `api/sessions/${hers.id}`)).status).toBe(404);
    expect(await socketOf('bob', `api/kernels/${hers.kernel.id}/channels`)).toBe(404);
    expect(await socketOf('ada', `api/kernels/${hers.kernel.id}/channels`)).toBe('open');
    const where = `api/resolvePath?path=secret.txt&kernel=${hers.kernel.id}`;
    const found = (await as('ada', 'GET', where)).body;
    expect(JSON.stringify(found.resolved)).toContain('work/secret.txt');
    expect((await as('bob', 'GET', where)).body.resolved).toEqual([]);
    const absolute = encodeURIComponent(join(folders.root, 'ada/work/secret.txt'));
    expect((await as('bob', 'GET', `api/resolvePath?path=${absolute}`)).body.resolved).toEqual([]);
  });

  test('[B32] each has terminals of their own, in their own folder', async () => {
    const { name } = (await as('ada', 'POST', 'api/terminals', {})).body;
    expect((await as('bob', 'GET', 'api/terminals')).body).toEqual([]);
    expect((await as('bob', 'GET', `api/terminals/${name}`)).status).toBe(404);
    expect((await as('bob', 'DELETE', `api/terminals/${name}`)).status).toBe(404);
    expect(await socketOf('bob', `terminals/websocket/${name}`)).toBe(404);
    const socket = connect('ada', `terminals/websocket/${name}`);
    await once(socket, 'open');
    socket.send(JSON.stringify(['stdin', 'echo here > terminal-here\r']));
    const trace = join(folders.root, 'ada/terminal-here');
    await expect.poll(() => readFile(trace, 'utf8').catch(() => ''), { timeout: 20_000 }).toBe('here\n');
    socket.terminate();
    expect((await as('ada', 'DELETE', `api/terminals/${name}`)).status).toBe(204);
  });

  test('[B32] each has settings and workspaces of their own', async () => {
    const workspace = { data: { whose: 'ada' }, metadata: { id: 'default' } };
    expect((await as('ada', 'PUT', 'lab/api/workspaces/default', workspace)).status).toBe(204);
    expect((await as('bob', 'GET', 'lab/api/workspaces/default')).body.data).toEqual({});
    const themes = 'lab/api/settings/@jupyterlab/apputils-extension:themes';
    const raw = '{"theme": "JupyterLab Dark"}';
    expect((await as('ada', 'PUT', themes, { raw })).status).toBe(204);
    expect((await as('bob', 'GET', themes)).body.raw).toBe('{}');
    const page = (await as('ada', 'GET', 'lab')).text;
    expect(page).toContain(JSON.stringify(join(folders.root, 'ada')));
  });
});
