import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import pino from 'pino';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { withDefaults } from '../http/option-values.ts';
import { proxyOptions, type ProxyOptions } from './proxy-options.ts';
import { ProxyIdentity } from './proxy-identity.ts';

const silent = pino({ level: 'silent' });
const issuer = 'https://login.example.org';
const audience = 'perijove';
let folder: string;
let keys: Awaited<ReturnType<typeof generateKeyPair>>;
let others: Awaited<ReturnType<typeof generateKeyPair>>;
const jwks = () => join(folder, 'jwks.json');
const opened: ProxyIdentity[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perijove-jwks-'));
  [keys, others] = await Promise.all([generateKeyPair('ES256'), generateKeyPair('ES256')]);
  await writeKeys(keys, 'one');
});
afterAll(async () => {
  for (const identity of opened) identity.close();
  await rm(folder, { recursive: true });
});

async function writeKeys({ publicKey }: typeof keys, kid: string): Promise<void> {
  const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' };
  await writeFile(jwks(), JSON.stringify({ keys: [jwk] }), { mode: 0o600 });
}

async function open(options: Partial<ProxyOptions> = {}): Promise<ProxyIdentity> {
  const identity = await ProxyIdentity.open({
    options: withDefaults(proxyOptions, {
      proxyHeader: 'X-Identity',
      proxyJwks: jwks(),
      proxyIssuer: issuer,
      proxyAudience: audience,
      proxyAdminGroups: ['admins'],
      ...options,
    }),
    log: silent,
    pollMs: 20,
  });
  opened.push(identity);
  return identity;
}

function jwt(claims: Record<string, unknown> = {}, { kid = 'one', exp = '5m' } = {}) {
  return new SignJWT({ sub: 'ada', ...claims })
    .setProtectedHeader({ alg: 'ES256', kid })
    .setIssuer((claims['iss'] as string) ?? issuer)
    .setAudience((claims['aud'] as string) ?? audience)
    .setExpirationTime(exp);
}

test('[A60] what the proxy signed says who asks and, by groups, what they may be', async () => {
  const identity = await open();
  const token = await jwt({ name: 'Ada L.', groups: ['staff'] }).sign(keys.privateKey);
  const claim = await identity.identify({ 'x-identity': token });
  expect(claim).toMatchObject({
    user: { username: 'ada', role: 'use', by: 'proxy', identity: { username: 'ada', name: 'Ada L.' } },
  });
  const admin = await jwt({ groups: ['staff', 'admins'] }).sign(keys.privateKey);
  expect(await identity.identify({ 'x-identity': admin })).toMatchObject({ user: { role: 'admin' } });
  const closed = await open({ proxyUseGroups: ['staff'], proxyReadGroups: ['guests'] });
  const roles = [];
  for (const groups of [['staff'], 'guests', ['other'], undefined, [['staff']], { staff: true }]) {
    const each = await closed.identify({ 'x-identity': await jwt({ groups }).sign(keys.privateKey) });
    roles.push(each && 'user' in each ? each.user.role : 'none');
  }
  expect(roles).toEqual(['use', 'read', 'none', 'none', 'none', 'none']);
});

test('[A61] no other header is believed', async () => {
  const identity = await open();
  const token = await jwt().sign(keys.privateKey);
  expect(
    await identity.identify({
      'x-forwarded-user': 'root',
      'remote-user': 'root',
      authorization: `Bearer ${token}`,
      cookie: `x-identity=${token}`,
    }),
  ).toBeUndefined();
});

test('[A62] forged, unsigned, expired, for another or by another: a problem, and nobody', async () => {
  const identity = await open();
  const good = await jwt().sign(keys.privateKey);
  const [head, , signature] = good.split('.') as [string, string, string];
  const root = Buffer.from(JSON.stringify({ sub: 'root', iss: issuer, aud: audience, exp: 9e9 }));
  const publicKey = JSON.stringify(await exportJWK(keys.publicKey));
  const secret = new TextEncoder().encode(publicKey);
  const forged = {
    changed: `${head}.${root.toString('base64url')}.${signature}`,
    unsigned: new UnsecuredJWT({ sub: 'root' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setExpirationTime('5m')
      .encode(),
    none: `${Buffer.from('{"alg":"none","kid":"one"}').toString('base64url')}.${root.toString('base64url')}.`,
    // The public key taken for a secret.
    confused: await new SignJWT({ sub: 'root' })
      .setProtectedHeader({ alg: 'HS256', kid: 'one' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setExpirationTime('5m')
      .sign(secret),
    // A key that the token brings along.
    brought: await new SignJWT({ sub: 'root' })
      .setProtectedHeader({ alg: 'ES256', jwk: await exportJWK(others.publicKey) })
      .setIssuer(issuer)
      .setAudience(audience)
      .setExpirationTime('5m')
      .sign(others.privateKey),
    otherKey: await jwt().sign(others.privateKey),
    expired: await jwt({}, { exp: '-5m' }).sign(keys.privateKey),
    audience: await jwt({ aud: 'another' }).sign(keys.privateKey),
    issuer: await jwt({ iss: 'https://evil.example.org' }).sign(keys.privateKey),
    forEver: await new SignJWT({ sub: 'ada' })
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .setIssuer(issuer)
      .setAudience(audience)
      .sign(keys.privateKey),
    notYet: await jwt({ nbf: Math.floor(Date.now() / 1000) + 600 }).sign(keys.privateKey),
    noName: await jwt({ sub: ' ada\n' }).sign(keys.privateKey),
    list: await jwt({ sub: ['ada'] }).sign(keys.privateKey),
    empty: '',
    text: 'root',
    long: 'a'.repeat(20_000),
  };
  for (const [name, text] of Object.entries(forged))
    expect([name, Object.keys((await identity.identify({ 'x-identity': text })) ?? {})]).toEqual([
      name,
      ['problem'],
    ]);
});

test('[A63] keys of a file are rotated without a restart; what the former ones signed is void', async () => {
  const identity = await open();
  const before = await jwt().sign(keys.privateKey);
  const after = await jwt({}, { kid: 'two' }).sign(others.privateKey);
  expect(await identity.identify({ 'x-identity': before })).toHaveProperty('user');
  expect(await identity.identify({ 'x-identity': after })).toHaveProperty('problem');
  await writeKeys(others, 'two');
  const isIn = async (): Promise<boolean> =>
    'user' in ((await identity.identify({ 'x-identity': after })) ?? {});
  await vi.waitUntil(isIn, { timeout: 5000, interval: 10 });
  expect(await identity.identify({ 'x-identity': before })).toHaveProperty('problem');
  await writeFile(jwks(), 'half a wri');
  await identity.identify({ 'x-identity': after });
  expect(await isIn()).toBe(true);
  await writeKeys(keys, 'one');
});

test('[A65] keys of an address: an unknown one is fetched, twice a minute at most; what is gone there is void after its time', async () => {
  let fetched = 0;
  const server = createServer((_request, response) => {
    fetched += 1;
    void readFile(jwks()).then((text) => response.setHeader('content-type', 'application/json').end(text));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  let now = Date.now();
  // The clock that jose looks at, too.
  vi.useFakeTimers({ toFake: ['Date'], now });
  const pass = (seconds: number): void => void vi.setSystemTime((now += seconds * 1000));
  try {
    const proxyJwks = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
    const identity = await open({ proxyJwks, proxyJwksCacheS: 120 });
    const before = await jwt({}, { exp: '1h' }).sign(keys.privateKey);
    const after = await jwt({}, { kid: 'two', exp: '1h' }).sign(others.privateKey);
    const isIn = async (text: string): Promise<boolean> =>
      'user' in ((await identity.identify({ 'x-identity': text })) ?? {});
    expect(await isIn(before)).toBe(true);
    expect(await isIn(before)).toBe(true);
    expect(fetched).toBe(1);

    await writeKeys(others, 'two');
    expect(await isIn(after)).toBe(false);
    expect(fetched).toBe(1);
    pass(31);
    expect(await isIn(after)).toBe(true);
    expect(fetched).toBe(2);
    expect(await isIn(before)).toBe(true);
    pass(121);
    expect(await isIn(before)).toBe(false);
    expect(await isIn(after)).toBe(true);
  } finally {
    vi.useRealTimers();
    await writeKeys(keys, 'one');
    server.close();
  }
});

test('[A64] a proxy without keys, issuer or audience, or with a header of browsers, does not start', async () => {
  for (const options of [
    { proxyJwks: '' },
    { proxyIssuer: '' },
    { proxyAudience: '' },
    { proxyHeader: 'Cookie' },
    { proxyJwks: 'http://login.example.org/jwks' },
  ])
    await expect(open(options)).rejects.toThrow(/^--proxy/);
});
