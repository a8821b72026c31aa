// Behind a proxy that signs who asks: the real command, over sockets.
import { generateKeyPairSync, sign as signBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { KernelModel } from '@perijove/protocol';
import {
  fakeKernelspec,
  installKernelspec,
  makeFolders,
  removeFolders,
  startPerijove,
  type PerijoveFolders,
  type PerijoveProcess,
} from '@perijove/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';

let folders: PerijoveFolders;
let server: PerijoveProcess;
let keys: Server;
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** RFC 7515 and 7518, ES256. */
function sign(user: string, { lastsS = 300, audience = 'perijove' } = {}): string {
  const exp = Math.floor(Date.now() / 1000) + lastsS;
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  const claims = { sub: user, iss: 'https://login.example.org', aud: audience, exp };
  const signed = `${encode({ alg: 'ES256', kid: 'one' })}.${encode(claims)}`;
  const signature = signBytes('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

beforeAll(async () => {
  const jwks = JSON.stringify({
    keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256' }],
  });
  keys = createServer((_request, response) =>
    response.setHeader('content-type', 'application/json').end(jwks),
  );
  keys.listen(0, '127.0.0.1');
  await once(keys, 'listening');
  folders = await makeFolders();
  const data = join(folders.base, 'jupyter');
  await installKernelspec(join(data, 'kernels'), 'fake', fakeKernelspec());
  server = await startPerijove({
    folders,
    env: { JUPYTER_PATH: data },
    args: Object.entries({
      'proxy-header': 'X-Identity',
      'proxy-jwks': `http://127.0.0.1:${(keys.address() as AddressInfo).port}/jwks`,
      'proxy-issuer': 'https://login.example.org',
      'proxy-audience': 'perijove',
      'kernel-accounts': 'same',
    }).flatMap(([name, value]) => [`--${name}`, value]),
  });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  keys.close();
  await removeFolders(folders);
});

const ask = async (
  jwt: string,
  path: string,
  init: { method?: string; body?: string; headers?: Record<string, string> } = {},
): Promise<Response> =>
  fetch(new URL(path, server.url), { ...init, headers: { ...init.headers, 'x-identity': jwt } });

/** `open`, or the status of the refusal. */
async function socketOf(jwt: string, path: string): Promise<'open' | number> {
  const socket = new WebSocket(new URL(path, server.url.replace(/^http/, 'ws')), {
    headers: { 'x-identity': jwt },
  });
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

test('[A66] a header opens requests and WebSockets for its user alone', async () => {
  const [ada, bob] = [sign('ada'), sign('bob')];
  const me = (await (await ask(ada, 'api/me')).json()) as { identity: { username: string } };
  expect(me.identity.username).toBe('ada');
  // The proxy puts the header on whatever a browser sends: as with a cookie, a change needs the XSRF token.
  const body = '{"name": "fake"}';
  expect((await ask(ada, 'api/kernels', { method: 'POST', body })).status).toBe(403);
  const page = await ask(ada, 'lab');
  const cookie =
    page.headers
      .getSetCookie()
      .find((each) => each.startsWith('_xsrf='))
      ?.split(';')[0] ?? '';
  const xsrf = { cookie, 'x-xsrftoken': cookie.slice('_xsrf='.length) };
  const started = await ask(ada, 'api/kernels', { method: 'POST', body, headers: xsrf });
  expect(started.status).toBe(201);
  const { id } = (await started.json()) as KernelModel;
  expect(await (await ask(bob, 'api/kernels')).json()).toEqual([]);
  const channels = `api/kernels/${id}/channels`;
  expect([await socketOf(ada, channels), await socketOf(bob, channels)]).toEqual(['open', 404]);
  expect((await ask(ada, `api/kernels/${id}`, { method: 'DELETE', headers: xsrf })).status).toBe(204);
});

test('[A66] one that proves nothing is 403', async () => {
  const old = sign('ada', { lastsS: -300 });
  const wrong = sign('ada', { audience: 'another' });
  for (const bad of [old, wrong, `${wrong.slice(0, -4)}AAAA`, 'ada']) {
    // oxlint-disable-next-line no-await-in-loop
    expect((await ask(bad, 'api/kernels')).status).toBe(403);
    // oxlint-disable-next-line no-await-in-loop
    expect(await socketOf(bad, 'api/events/subscribe')).toBe(403);
  }
  expect(server.output()).not.toContain(old);
});
