// Our notebook server whose kernels live at a real Jupyter Enterprise Gateway.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { KernelModel } from '@perijove/protocol';
import {
  makeFolders,
  removeFolders,
  startPerijove,
  testPython,
  TestWebSocket,
  type PerijoveFolders,
} from '@perijove/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';

const token = 'of-the-gateway';
let folders: PerijoveFolders;
let gateway: { readonly child: ChildProcess; readonly url: string };

beforeEach(async () => {
  folders = await makeFolders();
  gateway = await startEnterpriseGateway();
});

afterEach(async () => {
  gateway.child.kill('SIGKILL');
  await removeFolders(folders);
});

async function startEnterpriseGateway(): Promise<typeof gateway> {
  const bin = dirname(testPython('jeg'));
  const port = await freePort();
  const child = spawn(join(bin, 'jupyter-enterprisegateway'), ['--ip=127.0.0.1', `--port=${port}`], {
    cwd: folders.root,
    stdio: 'ignore',
    env: { HOME: folders.home, PATH: `${bin}:${process.env['PATH']}`, EG_AUTH_TOKEN: token },
  });
  const url = `http://127.0.0.1:${port}`;
  await eventually('Enterprise Gateway answers', async () => {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    const answer = await fetch(`${url}/api?token=${token}`).catch(() => undefined);
    return answer?.ok;
  });
  return { child, url };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
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

test('[Y9] on a real Enterprise Gateway kernels start, run, are interrupted, restarted and ended', async () => {
  await using lab = await startPerijove({
    args: ['--gateway-url', gateway.url],
    // It starts nothing for root, whose kernels they would be here.
    env: { JUPYTER_GATEWAY_AUTH_TOKEN: token, KERNEL_USERNAME: 'alice' },
  });
  const started = await lab.fetch('api/kernels', { method: 'POST', body: '{}' });
  const { id, name } = (await started.json()) as KernelModel;
  expect(name).toBe('python3');
  const address = `${lab.url.replace(/^http/, 'ws')}api/kernels/${id}/channels?token=${lab.token}`;
  const client = await new TestWebSocket(address, { framing: 'v1' }).opened();
  const atGateway = (): Promise<Response> => fetch(`${gateway.url}/api/kernels/${id}?token=${token}`);

  const whose = client.execute('import os; print(os.environ["KERNEL_USERNAME"], os.environ["KERNEL_ID"])');
  await client.finished(whose);
  expect(client.printed(whose)).toBe(`alice ${id}\n`);
  expect((await atGateway()).status).toBe(200);

  const endless = client.execute('import time\nwhile True: time.sleep(0.1)');
  await client.message((m) => m.header.msg_type === 'execute_input' && m.parent_header.msg_id === endless);
  expect((await lab.fetch(`api/kernels/${id}/interrupt`, { method: 'POST' })).status).toBe(204);
  expect((await client.finished(endless)).content).toMatchObject({ ename: 'KeyboardInterrupt' });

  const comm = client.request('shell', 'comm_open', { comm_id: 'c', target_name: 'nobody knows', data: {} }, [
    Buffer.from([0, 255, 1]),
  ]);
  await client.message((m) => m.header.msg_type === 'comm_close' && m.parent_header.msg_id === comm);

  expect((await lab.fetch(`api/kernels/${id}/restart`, { method: 'POST' })).status).toBe(200);
  const anew = client.execute('print("endless" in dir())');
  await client.finished(anew);
  expect(client.printed(anew)).toBe('False\n');

  expect((await lab.fetch(`api/kernels/${id}`, { method: 'DELETE' })).status).toBe(204);
  expect((await atGateway()).status).toBe(404);
});

test('[Y9] a kernel that dies is started again by Enterprise Gateway itself; one that is ended there is dead here', async () => {
  await using lab = await startPerijove({
    args: ['--gateway-url', gateway.url, '--gateway-poll-s', '0.5'],
    env: { JUPYTER_GATEWAY_AUTH_TOKEN: token, KERNEL_USERNAME: 'alice' },
  });
  const { id } = (await (
    await lab.fetch('api/kernels', { method: 'POST', body: '{}' })
  ).json()) as KernelModel;
  const address = `${lab.url.replace(/^http/, 'ws')}api/kernels/${id}/channels?token=${lab.token}`;
  const client = await new TestWebSocket(address, { framing: 'v1' }).opened();
  await client.finished(client.execute('1'));
  client.execute('import os, signal; os.kill(os.getpid(), signal.SIGKILL)');
  await client.message((m) => m.content['execution_state'] === 'restarting', 30_000);
  await client.message((m) => m.content['execution_state'] === 'starting', 30_000);
  await client.finished(client.execute('2'), 30_000);
  await fetch(`${gateway.url}/api/kernels/${id}?token=${token}`, { method: 'DELETE' });
  const dead = await eventually('it is dead', async () => {
    const model = (await (await lab.fetch(`api/kernels/${id}`)).json()) as KernelModel;
    return model.execution_state === 'dead' && model;
  });
  expect(dead.reason).toMatch(/does not know it any more/);
});
