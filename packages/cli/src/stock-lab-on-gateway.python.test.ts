// Jupyter's own notebook server, started as `jupyter lab --gateway-url` starts it, at a gateway of ours with ipykernel.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { KernelModel, SessionModel } from '@perijove/protocol';
import {
  makeFolders,
  removeFolders,
  startPerijove,
  testPython,
  TestWebSocket,
  type PerijoveFolders,
  type PerijoveProcess,
} from '@perijove/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';

const token = 'of-the-gateway';
const headers = { authorization: 'token of-the-server' };
let ofGateway: PerijoveFolders;
let ofServer: PerijoveFolders;
let gateway: PerijoveProcess;
let server: { readonly child: ChildProcess; readonly url: string; readonly output: () => string };

beforeEach(async () => {
  ofGateway = await makeFolders();
  ofServer = await makeFolders();
  gateway = await startGateway();
  server = await startStockServer(gateway.url);
});

afterEach(async () => {
  server.child.kill('SIGKILL');
  await gateway[Symbol.asyncDispose]();
  await removeFolders(ofServer);
  await removeFolders(ofGateway);
});

function startGateway(port = 0): Promise<PerijoveProcess> {
  return startPerijove({
    command: 'gateway',
    folders: ofGateway,
    python: testPython(),
    args: ['--port', String(port)],
    env: { PERIJOVE_TOKEN: token },
  });
}

/** All of `jupyter lab` that speaks with a gateway is jupyter_server: JupyterLab itself adds pages. */
async function startStockServer(gatewayUrl: string): Promise<typeof server> {
  const port = await freePort();
  const child = spawn(
    testPython('gateway-clients'),
    [
      '-m',
      'jupyter_server',
      '--allow-root',
      '--no-browser',
      '--ip=127.0.0.1',
      `--port=${port}`,
      `--ServerApp.root_dir=${ofServer.root}`,
      `--gateway-url=${gatewayUrl}`,
    ],
    {
      cwd: ofServer.root,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        HOME: ofServer.home,
        PATH: process.env['PATH'],
        JUPYTER_TOKEN: 'of-the-server',
        JUPYTER_GATEWAY_AUTH_TOKEN: token,
      },
    },
  );
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
  const url = `http://127.0.0.1:${port}/`;
  await eventually('jupyter_server answers', async () => {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}:\n${output}`);
    return (await fetch(`${url}api`).catch(() => undefined))?.ok;
  });
  return { child, url, output: () => output };
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  listener.close();
  return port;
}

async function eventually<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  for (let attempt = 0; attempt < 400; attempt++) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await delay(50);
  }
  throw new Error(`never: ${what}`);
}

function ask(path: string, body?: object): Promise<Response> {
  return fetch(new URL(path, server.url), {
    headers: { ...headers, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
}

/** As a page opens a notebook. */
async function open(): Promise<{ session: SessionModel; client: TestWebSocket }> {
  const answer = await ask('api/sessions', {
    kernel: { name: 'python3' },
    name: '',
    path: 'a.ipynb',
    type: 'notebook',
  });
  expect(answer.status).toBe(201);
  const session = (await answer.json()) as SessionModel;
  return { session, client: await connect(session.kernel.id) };
}

/** jupyter_server has a gateway's messages in the older framing only. */
function connect(id: string): Promise<TestWebSocket> {
  const address = `${server.url.replace(/^http/, 'ws')}api/kernels/${id}/channels?token=of-the-server`;
  return new TestWebSocket(address, { framing: 'default' }).opened();
}

test('[JG19] stock `jupyter lab --gateway-url` starts a session here, runs, interrupts, restarts and ends it', async () => {
  const { session, client } = await open();
  const { id } = session.kernel;
  const atGateway = (): Promise<Response> => gateway.fetch(`api/kernels/${id}`);
  const first = client.execute('kept = 6 * 7\nprint(kept)');
  expect((await client.finished(first)).content).toMatchObject({ status: 'ok' });
  expect(client.printed(first)).toBe('42\n');
  expect(await (await atGateway()).json()).toMatchObject({ id, name: 'python3' });

  const endless = client.execute('import time\nwhile True: time.sleep(0.1)');
  await client.message((m) => m.header.msg_type === 'execute_input' && m.parent_header.msg_id === endless);
  expect((await ask(`api/kernels/${id}/interrupt`, {})).status).toBe(204);
  expect((await client.finished(endless)).content).toMatchObject({ ename: 'KeyboardInterrupt' });

  const restarted = await ask(`api/kernels/${id}/restart`, {});
  expect(restarted.status).toBe(200);
  expect(((await restarted.json()) as KernelModel).id).toBe(id);
  // A page's socket stays; the gateway's does, too.
  const anew = client.execute('print("kept" in dir())');
  await client.finished(anew);
  expect(client.printed(anew)).toBe('False\n');

  await fetch(new URL(`api/sessions/${session.id}`, server.url), { method: 'DELETE', headers });
  expect((await atGateway()).status).toBe(404);
});

test('[JG20] twenty thousand lines have all come to stock Jupyter when the reply and its idle have', async () => {
  const { client } = await open();
  // In 800 messages: ipykernel's own socket may drop when 1,000 wait in it, which happens on a busy machine.
  const asked = client.execute('for i in range(20000): print(i, flush=i % 25 == 24)');
  await client.finished(asked, 50_000);
  const all = Array.from({ length: 20_000 }, (_, index) => `${index}\n`).join('');
  expect(client.printed(asked) === all).toBe(true);
});

test("[JG21] a gateway that is killed and started again has stock Jupyter's session, and its socket goes on", async () => {
  const { session, client } = await open();
  const { id } = session.kernel;
  await client.finished(client.execute('kept = 42'));
  const { port } = new URL(gateway.url);
  await gateway.end('SIGKILL');
  await eventually('it notices', async () => server.output().includes('Lost connection to Gateway'));
  gateway = await startGateway(Number(port));

  // What is sent before jupyter_server is connected again is dropped there.
  const asked: string[] = [];
  const answered = await eventually('the kernel answers on the same socket', async () => {
    asked.push(client.execute('print(kept)'));
    return asked.find((one) => client.printed(one) !== '');
  });
  await client.finished(answered);
  expect(client.printed(answered)).toBe('42\n');

  const sessions = (await (await ask('api/sessions')).json()) as SessionModel[];
  expect(sessions).toMatchObject([{ id: session.id, kernel: { id } }]);
  const other = await connect(id);
  const again = other.execute('print(kept + 1)');
  await other.finished(again);
  expect(other.printed(again)).toBe('43\n');
});
