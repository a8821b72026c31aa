// Clients of Jupyter Enterprise Gateway, as they are published, at a gateway of ours with ipykernel.
import { execFile } from 'node:child_process';
import { request } from 'node:https';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  makeFolders,
  removeFolders,
  startPerijove,
  testPython,
  type PerijoveFolders,
  type PerijoveProcess,
} from '@perijove/testkit';
import { afterEach, expect, test } from 'vitest';

let gateway: PerijoveProcess | undefined;
let ownFolders: PerijoveFolders | undefined;

afterEach(async () => {
  await gateway?.[Symbol.asyncDispose]();
  gateway = undefined;
  if (ownFolders) await removeFolders(ownFolders);
  ownFolders = undefined;
});

// JEG asks for no token unless it is given one, and its client never sends any.
const open = { EG_AUTH_TOKEN: '' };

async function start(env: Record<string, string> = open): Promise<PerijoveProcess> {
  gateway = await startPerijove({ command: 'gateway', python: testPython(), env });
  return gateway;
}

/** What a program in gateway-clients/ prints. */
async function run(program: string, env: Record<string, string>): Promise<unknown> {
  const file = fileURLToPath(new URL(`gateway-clients/${program}`, import.meta.url));
  const { stdout } = await promisify(execFile)(testPython('gateway-clients'), [file], {
    env: { ...process.env, HOME: gateway!.folders.home, ...env },
    timeout: 55_000,
  });
  return JSON.parse(stdout);
}

test("[JG30] JEG's own client starts, runs, interrupts, restarts and ends a kernel", async () => {
  const { url } = await start();
  const seen = await run('with-jeg-client.py', { GATEWAY_HOST: new URL(url).host });
  expect(seen).toEqual({
    printed: ['hello\n', false],
    env: ["['from the client', 'alice']", false],
    failed: [expect.stringContaining('ZeroDivisionError'), true],
    interrupted: [expect.stringContaining('KeyboardInterrupt'), true],
    state: 'idle',
    restarted: true,
    forgotten: ['False', false],
  });
  expect(await (await gateway!.fetch('api/kernels')).json()).toEqual([]);
});

test('[JG31] nbclient runs notebooks by GatewayKernelManager, loses no line, and leaves no kernel', async () => {
  const { url } = await start();
  const seen = await run('with-nbclient.py', { JUPYTER_GATEWAY_URL: url, KERNEL_USERNAME: 'ada' });
  expect(seen).toEqual({
    outputs: [
      [],
      [
        { output_type: 'stream', name: 'stdout', text: '21\n' },
        expect.objectContaining({ output_type: 'execute_result', data: { 'text/plain': '40' } }),
      ],
      [expect.objectContaining({ data: { 'text/plain': "'ada'" } })],
    ],
    failed: 'ZeroDivisionError',
    lines: 5000,
  });
  expect(await (await gateway!.fetch('api/kernels')).json()).toEqual([]);
});

test('[JG32] papermill runs a notebook with a parameter by GatewayKernelManager', async () => {
  const { url, folders } = await start();
  const seen = await run('with-papermill.py', { JUPYTER_GATEWAY_URL: url, FOLDER: folders.base });
  expect(seen).toEqual([expect.objectContaining({ data: { 'text/plain': '42' } })]);
  expect(await (await gateway!.fetch('api/kernels')).json()).toEqual([]);
});

test('[JG34] a client certificate stands for a token: papermill with one runs, who has none is not let in', async () => {
  const folders = (ownFolders = await makeFolders());
  const file = (name: string): string => join(folders.base, name);
  for (const name of ['server', 'client']) await makeCertificate(file(name), name);
  gateway = await startPerijove({
    command: 'gateway',
    python: testPython(),
    folders,
    env: {
      ...open,
      EG_CERTFILE: file('server.pem'),
      EG_KEYFILE: file('server.key'),
      EG_CLIENT_CA: file('client.pem'),
    },
  });
  expect(gateway.url).toMatch(/^https:/);
  const ca = await readFile(file('server.pem'));
  await expect(once(request(new URL('api', gateway.url), { ca }).end(), 'response')).rejects.toThrow();
  const seen = await run('with-papermill.py', {
    JUPYTER_GATEWAY_URL: gateway.url,
    JUPYTER_GATEWAY_CLIENT_CERT: file('client.pem'),
    JUPYTER_GATEWAY_CLIENT_KEY: file('client.key'),
    JUPYTER_GATEWAY_CA_CERTS: file('server.pem'),
    FOLDER: folders.base,
  });
  expect(seen).toEqual([expect.objectContaining({ data: { 'text/plain': '42' } })]);
});

/** A certificate that signs itself, for localhost: `<base>.pem` and `<base>.key`. */
async function makeCertificate(base: string, name: string): Promise<void> {
  const kind = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1'.split(' ');
  const names = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost'];
  // Newer Pythons want it said what the key is for.
  const usage = ['-addext', 'keyUsage=critical,digitalSignature,keyCertSign'];
  const files = ['-keyout', `${base}.key`, '-out', `${base}.pem`];
  await promisify(execFile)('openssl', [...kind, ...names, ...usage, ...files]);
}
