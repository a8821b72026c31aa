// A server that runs as root for two people, whose kernels and terminals run as accounts of their own. All of it real; needs root.
import { once } from 'node:events';
import { chmod, chown, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KernelModel } from '@perijove/protocol';
import {
  addToken,
  copyPython,
  installKernelspec,
  makeFolders,
  removeFolders,
  startPerijove,
  testPython,
  TestWebSocket,
  type PerijoveFolders,
  type PerijoveProcess,
} from '@perijove/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';

const range = '310000-310001';
let folders: PerijoveFolders;
let server: PerijoveProcess;
let tokens: Record<string, string>;
let kernels: Record<'ada' | 'bob', { readonly id: string; readonly run: (code: string) => Promise<string> }>;

beforeAll(async () => {
  folders = await makeFolders();
  // Accounts pass through to what is theirs, without a look around.
  for (const folder of [folders.base, folders.root])
    // oxlint-disable-next-line no-await-in-loop
    await chmod(folder, 0o711);
  const spec = await copyPython(testPython(), join(folders.base, 'python'));
  await installKernelspec(join(folders.base, 'jupyter/kernels'), 'python3', spec);
  tokens = {
    ada: await addToken(folders, 'ada'),
    bob: await addToken(folders, 'bob'),
    cleo: await addToken(folders, 'cleo'),
  };
  await start();
  kernels = { ada: await startKernel('ada'), bob: await startKernel('bob') };
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await removeFolders(folders);
});

async function start(): Promise<void> {
  server = await startPerijove({
    folders: { ...folders, root: join(folders.root, '{username}') },
    env: { JUPYTER_PATH: join(folders.base, 'jupyter') },
    args: [
      '--kernel-accounts',
      'range',
      '--kernel-account-range',
      range,
      '--kernel-accounts-dir',
      accounts(),
    ],
  });
}

const accounts = (): string => join(folders.base, 'accounts');

function as(user: string, method: string, path: string, payload?: object): Promise<Response> {
  return fetch(new URL(path, server.url), {
    method,
    headers: { authorization: `Bearer ${tokens[user]}` },
    ...(payload === undefined ? {} : { body: JSON.stringify(payload) }),
  });
}

const address = (user: string, path: string): string =>
  `${new URL(path, server.url).href.replace(/^http/, 'ws')}?token=${tokens[user]}`;

async function startKernel(user: string) {
  const started = await as(user, 'POST', 'api/kernels', { name: 'python3' });
  const { id } = (await started.json()) as KernelModel;
  const run = async (code: string): Promise<string> => {
    const socket = new TestWebSocket(address(user, `api/kernels/${id}/channels`), { framing: 'v1' });
    await socket.opened();
    const executed = socket.execute(code);
    const { content } = await socket.finished(executed, 40_000);
    await socket.close();
    return content['status'] === 'ok' ? socket.printed(executed).trim() : String(content['ename']);
  };
  return { id, run };
}

describe('kernels of a server for several people, as accounts of their own', () => {
  test('[B33] each user has an account, which is not root and cannot become it; kernels live in it', async () => {
    const who =
      'import os; print(os.getuid(), os.getgid(), os.getgroups(), os.environ["HOME"], os.environ["USER"], os.access(os.environ["HOME"], os.W_OK))';
    const ada = await kernels.ada.run(who);
    expect(ada).toBe(`310000 310000 [] ${accounts()}/310000/home ada True`);
    expect(await kernels.bob.run(who)).toBe(`310001 310001 [] ${accounts()}/310001/home bob True`);
    expect(
      await kernels.ada.run('print(open("/proc/self/status").read().split("NoNewPrivs:")[1].split()[0])'),
    ).toBe('1');
  });

  test('[B33] one cannot read the other’s connection file, sockets, environment or memory', async () => {
    const [file] = [join(accounts(), '310001/run', `kernel-${kernels.bob.id}.json`)];
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ transport: 'ipc' });
    const own = await kernels.bob.run(`print(open(${JSON.stringify(file)}).read().count("key"))`);
    expect(Number(own)).toBeGreaterThan(0);
    expect(await kernels.ada.run(`open(${JSON.stringify(file)})`)).toBe('PermissionError');
    const servers = join(folders.home, '.local/share/jupyter/runtime', `kernel-${kernels.bob.id}.json`);
    await stat(servers);
    expect(await kernels.ada.run(`open(${JSON.stringify(servers)})`)).toBe('PermissionError');
    expect(await kernels.ada.run(`import os; os.listdir(${JSON.stringify(accounts())})`)).toBe(
      'PermissionError',
    );
    expect(await kernels.ada.run(`os.listdir(${JSON.stringify(join(accounts(), '310001/sockets'))})`)).toBe(
      'PermissionError',
    );
    const pid = await kernels.bob.run('import os; print(os.getpid())');
    expect(await kernels.ada.run(`open("/proc/${pid}/environ").read()`)).toBe('PermissionError');
    expect(await kernels.ada.run(`open("/proc/${pid}/mem", "rb").read(1)`)).toBe('PermissionError');
    expect(await kernels.ada.run(`import signal; os.kill(${pid}, signal.SIGKILL)`)).toBe('PermissionError');
    expect(await kernels.bob.run('print("lives")')).toBe('lives');
  });

  test('[B33] what the server makes in a user’s folder is the user’s: kernels write there, the other’s do not even look', async () => {
    await as('ada', 'PUT', 'api/contents/saved.txt', { type: 'file', format: 'text', content: 'of ada' });
    await as('ada', 'PUT', 'api/contents/folder', { type: 'directory' });
    await as('ada', 'POST', 'api/contents/saved.txt/checkpoints');
    const folder = join(folders.root, 'ada');
    for (const made of ['', 'saved.txt', 'folder', '.ipynb_checkpoints'])
      // oxlint-disable-next-line no-await-in-loop
      expect([made, (await stat(join(folder, made))).uid]).toEqual([made, 310000]);
    const edit =
      'open("saved.txt", "a").write(" and her kernel"); open("folder/new.txt", "w").write("x"); print(os.getcwd())';
    expect(await kernels.ada.run(edit)).toBe(folder);
    const read = (await (await as('ada', 'GET', 'api/contents/saved.txt')).json()) as { content: string };
    expect(read.content).toBe('of ada and her kernel');
    expect(await kernels.bob.run(`open(${JSON.stringify(join(folder, 'saved.txt'))})`)).toBe(
      'PermissionError',
    );
    expect(await kernels.bob.run(`import os; os.listdir(${JSON.stringify(folder)})`)).toBe('PermissionError');
  });

  test('[B33] terminals run as the same account', async () => {
    const { name } = (await (await as('bob', 'POST', 'api/terminals', {})).json()) as { name: string };
    const socket = new WebSocket(address('bob', `terminals/websocket/${name}`));
    await once(socket, 'open');
    socket.send(JSON.stringify(['stdin', 'echo $(id -u) $(pwd) $HOME > terminal-here\r']));
    const trace = join(folders.root, 'bob/terminal-here');
    await expect
      .poll(() => readFile(trace, 'utf8').catch(() => ''), { timeout: 20_000 })
      .toBe(`310001 ${folders.root}/bob ${accounts()}/310001/home\n`);
    socket.terminate();
  });

  test('[B33] who comes when all accounts are taken is told so', async () => {
    const refused = await as('cleo', 'GET', 'api/contents');
    expect(refused.status).toBe(500);
    expect(((await refused.json()) as { message: string }).message).toBe(
      'all accounts from 310000 to 310001 have a user already; make --kernel-account-range larger',
    );
  });

  test('[B33] they are interrupted, started anew, and found again by the next server after SIGKILL; each in its account', async () => {
    const { ada } = kernels;
    const sleeping = ada.run('import time\ntime.sleep(600)');
    await expect
      .poll(
        async () =>
          ((await (await as('ada', 'GET', `api/kernels/${ada.id}`)).json()) as KernelModel).execution_state,
      )
      .toBe('busy');
    expect((await as('ada', 'POST', `api/kernels/${ada.id}/interrupt`)).status).toBe(204);
    expect(await sleeping).toBe('KeyboardInterrupt');

    await ada.run('kept = 6 * 7');
    await server.end('SIGKILL');
    await start();
    expect(await ada.run('import os; print(kept, os.getuid())')).toBe('42 310000');

    expect((await as('ada', 'POST', `api/kernels/${ada.id}/restart`)).status).toBe(200);
    expect(await ada.run('kept')).toBe('NameError');
    expect(await ada.run('import os; print(os.getuid())')).toBe('310000');
    const file = join(accounts(), '310000/run', `kernel-${ada.id}.json`);
    await stat(file);
    expect((await as('ada', 'DELETE', `api/kernels/${ada.id}`)).status).toBe(204);
    await expect(stat(file)).rejects.toThrow('ENOENT');
  });

  test('[B33] a root server for several people does not start before it is said which accounts kernels have', async () => {
    const place = { folders: { ...folders, root: join(folders.root, '{username}') } };
    await expect(startPerijove(place)).rejects.toThrow(
      'This server runs as root for several users. Say which accounts their kernels run as',
    );
  });

  test('[B33] a folder that belongs to another account is refused, and the log says what to do', async () => {
    const folder = join(folders.root, 'bob');
    await chown(folder, 0, 0);
    await server.end('SIGKILL');
    await start();
    expect((await as('bob', 'GET', 'api/contents')).status).toBe(503);
    await expect.poll(() => server.output()).toContain(`chown -R 310001:310001 '${folder}'`);
    await chown(folder, 310001, 310001);
    await expect.poll(async () => (await as('bob', 'GET', 'api/contents')).status).toBe(200);
  });

  test('[B33] a file of the user’s that points elsewhere is not given away', async () => {
    const secret = join(folders.base, 'secret.txt');
    await writeFile(secret, 'of root', { mode: 0o600 });
    const { bob } = kernels;
    await bob.run(`import os; os.symlink(${JSON.stringify(folders.base)}, "out")`);
    const copied = await as('bob', 'POST', 'api/contents', { copy_from: 'out/secret.txt' });
    expect(copied.status).toBe(404);
    expect((await stat(secret)).uid).toBe(0);
    expect(await readFile(secret, 'utf8')).toBe('of root');
  });
});
