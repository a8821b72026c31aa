import { chmod, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { expect, test, vi } from 'vitest';
import type { RoutePlugin } from '../http/route-plugin.ts';
import { createTestApp, testToken } from '../http/test-app.ts';
import { openTestUsers } from './test-users.ts';
import { createToken, hashOfToken, parseTokenFile, renderTokenFile } from './token-file.ts';

const who: RoutePlugin = async (app) => {
  app.get('/api/who', { config: { access: { kind: 'api', resource: 'api' } } }, async ({ user }) => ({
    username: user?.username,
    role: user?.role,
    by: user?.by,
  }));
  app.post('/api/who', { config: { access: { kind: 'api', resource: 'kernels' } } }, async () => ({}));
};

test('[A51] a named token is its user, with its scope; the own token is an admin of the server’s account', async () => {
  await using users = await openTestUsers();
  const app = await createTestApp([who], { authenticator: users.authenticator });
  const ask = async (headers: Record<string, string>) =>
    (await app.inject({ url: '/api/who', headers })).json();
  expect(await ask(users.as('ada'))).toEqual({ username: 'ada', role: 'use', by: 'token' });
  expect(await ask(users.as('eve'))).toEqual({ username: 'eve', role: 'read', by: 'token' });
  expect(await ask({ authorization: `token ${testToken}` })).toEqual({
    username: 'owner',
    role: 'admin',
    by: 'token',
  });
  const post = (user: string) =>
    app.inject({ method: 'POST', url: '/api/who', headers: users.as(user), payload: {} });
  expect([(await post('ada')).statusCode, (await post('eve')).statusCode]).toEqual([200, 403]);
});

test('[A52] the file holds no token, only its hash; the hash and parts of the token prove nothing', async () => {
  await using users = await openTestUsers();
  const app = await createTestApp([who], { authenticator: users.authenticator });
  const token = users.textOf('ada');
  const file = await readFile(users.path, 'utf8');
  expect(file).not.toContain(token.slice(9));
  expect(file).toContain(hashOfToken(token));
  const wrong = [
    token.slice(0, -1),
    `${token}A`,
    token.slice(9),
    token.toUpperCase(),
    'perijove_',
    '',
    hashOfToken(token),
    hashOfToken(token).slice(7),
    '__proto__',
  ];
  for (const text of wrong)
    expect(
      (await app.inject({ url: '/api/who', headers: { authorization: `token ${text}` } })).statusCode,
    ).toBe(403);
});

test('[A53] a removed token ends its cookies, without a restart; one of the same name and user is another', async () => {
  await using users = await openTestUsers();
  const app = await createTestApp([who], { authenticator: users.authenticator });
  const login = await app.inject({ url: '/api/who', headers: users.as('ada') });
  const cookie = login.cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
  const byCookie = () => app.inject({ url: '/api/who', headers: { cookie, host: 'localhost' } });
  expect((await byCookie()).json()).toEqual({ username: 'ada', role: 'use', by: 'cookie' });

  const others = users.tokens.filter(({ user }) => user !== 'ada');
  const { text, token } = createToken({ name: 'ada', user: 'ada', scope: 'use' }, Date.now());
  await users.write([...others, token]);
  await vi.waitUntil(() => users.namedTokens.find(text) !== undefined, { timeout: 5000, interval: 10 });
  expect((await byCookie()).statusCode).toBe(403);
  expect((await app.inject({ url: '/api/who', headers: users.as('ada') })).statusCode).toBe(403);
  expect((await app.inject({ url: '/api/who', headers: users.as('bob') })).statusCode).toBe(200);
});

test('[A54] a token that has expired is none, nor are its cookies', async () => {
  let now = Date.now();
  await using users = await openTestUsers({ now: () => now });
  const { text, token } = createToken({ name: 'short', user: 'ada', scope: 'use', expiresInMs: 60_000 }, now);
  await users.write([token]);
  await users.namedTokens.reload();
  const app = await createTestApp([who], { authenticator: users.authenticator });
  const login = await app.inject({ url: `/api/who?token=${text}`, headers: { host: 'localhost' } });
  const cookie = login.cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
  expect(login.statusCode).toBe(200);
  now += 60_000;
  expect((await app.inject(`/api/who?token=${text}`)).statusCode).toBe(403);
  expect((await app.inject({ url: '/api/who', headers: { cookie, host: 'localhost' } })).statusCode).toBe(
    403,
  );
});

test('[A55] a file that cannot be used is said, and the tokens before stay; a file that is gone has none', async () => {
  await using users = await openTestUsers();
  const token = users.textOf('ada');
  const entry = users.tokens[0]!;
  const bad = [
    '{"version":1,"tokens":[',
    '[]',
    renderTokenFile([{ ...entry, user: 'a\nb' }]),
    renderTokenFile([{ ...entry, mayImpersonate: true }]),
    renderTokenFile([{ ...entry, expiresAt: 'soon' }]),
    renderTokenFile([entry, { ...entry, id: 'x', name: 'other' }]),
  ];
  for (const text of bad) {
    await writeFile(users.path, text);
    await users.namedTokens.reload();
    expect(users.logged.at(-1)).toContain('cannot be used');
    expect(users.namedTokens.find(token)?.user).toBe('ada');
  }
  expect(users.logged.join('')).not.toContain(entry.hash);
  // In one step: the file is looked at every few milliseconds.
  const open = `${users.path}.open`;
  await writeFile(open, renderTokenFile([]));
  await chmod(open, 0o666);
  await rename(open, users.path);
  await users.namedTokens.reload();
  expect(users.logged.at(-1)).toContain('others than its owner may write it');
  expect(users.namedTokens.find(token)?.user).toBe('ada');
  await unlink(users.path);
  await users.namedTokens.reload();
  expect(users.namedTokens.find(token)).toBeUndefined();
  // Never open to all because somebody removed a file.
  expect(users.namedTokens.isUsed).toBe(true);
});

test('[A56] with named tokens only, nobody is let in without one; cookies of a server that was open are void', async () => {
  const open = await createTestApp([who], { auth: { token: '' } });
  const { cookies } = await open.inject({ url: '/api/who', headers: { host: 'localhost' } });
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
  for (const token of ['', testToken]) {
    await using users = await openTestUsers({ token, cookieSecret: 'secret of the tests' });
    const app = await createTestApp([who], { authenticator: users.authenticator });
    expect((await app.inject('/api/who')).statusCode).toBe(403);
    expect((await app.inject({ url: '/api/who', headers: { cookie, host: 'localhost' } })).statusCode).toBe(
      403,
    );
  }
});

test('[A51] a rendered file is read again as it was', async () => {
  const tokens = [createToken({ name: 'a', user: 'ä b', scope: 'admin', mayImpersonate: true }, 0).token];
  expect(parseTokenFile(renderTokenFile(tokens))).toEqual({ tokens });
});
