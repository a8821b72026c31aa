import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import pino from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestApp, withToken } from '../http/test-app.ts';
import { openTestUsers } from '../auth/test-users.ts';
import { createUserData } from '../auth/user-data.ts';
import { layer, withoutDefaults } from './config-merge.ts';
import { configRoutes } from './config-routes.ts';
import { configPlaces, ConfigStore } from './config-store.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perijove-config-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function put(path: string, content: unknown): Promise<void> {
  const full = join(folder, path);
  await mkdir(dirname(full), { recursive: true });
  await writeFile(full, typeof content === 'string' ? content : JSON.stringify(content));
}

async function setUp() {
  const configPath = ['user', 'environment', 'system'].map((name) => join(folder, name));
  const store = new ConfigStore({
    configPath,
    configDir: join(folder, 'user'),
    log: pino({ level: 'silent' }),
  });
  const app = await createTestApp([configRoutes({ configOf: async () => store })]);
  return (method: 'GET' | 'PUT' | 'PATCH', section: string, payload?: object | string) =>
    app.inject({
      method,
      url: `/api/config/${section}`,
      headers: withToken,
      ...(payload === undefined ? {} : { payload }),
    });
}

const written = async (section: string) =>
  JSON.parse(await readFile(join(folder, 'user/serverconfig', `${section}.json`), 'utf8'));

test('[H60] the user is over the environment over the system, a file over its folder, null takes away', async () => {
  await put('system/serverconfig/notebook.json', {
    a: 'system',
    b: 'system',
    gone: { x: 1 },
    deep: { one: 1, two: 2 },
  });
  await put('environment/serverconfig/notebook.d/10-first.json', { b: 'first', c: 'first' });
  await put('environment/serverconfig/notebook.d/20-second.json', { b: 'second' });
  await put('environment/serverconfig/notebook.json', { deep: { two: null } });
  await put('user/serverconfig/notebook.json', { a: 'user', gone: { x: null } });
  const ask = await setUp();
  const response = await ask('GET', 'notebook');
  expect([response.statusCode, response.json()]).toEqual([
    200,
    { a: 'user', b: 'second', c: 'first', deep: { one: 1 } },
  ]);
});

test('[H61] a section that nobody wrote is empty, a broken file is left out', async () => {
  await put('system/serverconfig/tree.json', { a: 1 });
  await put('user/serverconfig/tree.json', '{ not json');
  await put('environment/serverconfig/tree.json', '[]');
  const ask = await setUp();
  expect((await ask('GET', 'other')).json()).toEqual({});
  expect((await ask('GET', 'tree')).json()).toEqual({ a: 1 });
});

test('[H62] PUT writes what differs from the defaults, PATCH changes and answers what then is', async () => {
  await put('user/serverconfig/lab.d/default.json', { theme: 'dark', panes: { left: 1 } });
  const ask = await setUp();
  const replaced = await ask('PUT', 'lab', { theme: 'dark', panes: { left: 1, right: 2 }, zoom: 3 });
  expect([replaced.statusCode, replaced.body]).toEqual([204, '']);
  expect(await written('lab')).toEqual({ panes: { right: 2 }, zoom: 3 });
  const changed = await ask('PATCH', 'lab', { zoom: null, panes: { right: 4 } });
  expect([changed.statusCode, changed.json()]).toEqual([
    200,
    { theme: 'dark', panes: { left: 1, right: 4 } },
  ]);
  expect(await written('lab')).toEqual({ panes: { right: 4 } });
});

test('[H63] two changes at once both count', async () => {
  const ask = await setUp();
  await Promise.all(Array.from({ length: 20 }, (_, i) => ask('PATCH', 'lab', { [`k${i}`]: i })));
  expect(Object.keys((await ask('GET', 'lab')).json())).toHaveLength(20);
});

test('[H64] a section is a word, a body an object', async () => {
  const ask = await setUp();
  for (const section of ['..%2Fx', 'a.b', 'a%00', 'x'.repeat(300)]) {
    expect([section.slice(0, 9), (await ask('PUT', section, {})).statusCode]).toEqual([
      section.slice(0, 9),
      400,
    ]);
  }
  for (const body of ['[]', 'null', '1', '"x"', ''])
    expect([body, (await ask('PATCH', 'lab', body)).statusCode]).toEqual([body, 400]);
});

test('[H65] no key of a client reaches a prototype', async () => {
  const ask = await setUp();
  const response = await ask(
    'PATCH',
    'lab',
    '{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}',
  );
  expect(response.statusCode).toBe(200);
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
});

test('[H66] layering over nothing gives what was there, less nulls and empty objects; over itself nothing new', () => {
  const json = fc.dictionary(
    fc.string({ maxLength: 3 }),
    fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown>,
  );
  fc.assert(
    fc.property(json, json, (raw, b) => {
      const a = layer({}, raw);
      const merged = layer(a, b);
      expect(layer(merged, b)).toEqual(merged);
      expect(layer(a, withoutDefaults(layer(a, b), a))).toEqual(layer(a, layer(a, b)));
    }),
    { numRuns: 200 },
  );
});

test('[H67] each user’s own is over what is the environment’s and the system’s; the account’s is nobody else’s', async () => {
  await put('system/serverconfig/lab.json', { a: 'system', b: 'system' });
  await put('user/serverconfig/lab.json', { a: 'account' });
  const places = {
    configPath: ['user', 'system'].map((name) => join(folder, name)),
    configDir: join(folder, 'user'),
  };
  const log = pino({ level: 'silent' });
  await using users = await openTestUsers();
  const configOf = createUserData({
    dataDir: join(folder, 'data'),
    ofAccount: new ConfigStore({ ...places, log }),
    open: (own) => new ConfigStore({ ...configPlaces(places, own), log }),
  });
  const app = await createTestApp([configRoutes({ configOf })], { authenticator: users.authenticator });
  const url = '/api/config/lab';
  const change = { method: 'PATCH', url, payload: { b: 'ada' }, headers: users.as('ada') } as const;
  expect((await app.inject(change)).statusCode).toBe(200);
  const of = async (headers: Record<string, string>) => (await app.inject({ url, headers })).json();
  expect(await of(users.as('ada'))).toEqual({ a: 'system', b: 'ada' });
  expect(await of(users.as('bob'))).toEqual({ a: 'system', b: 'system' });
  expect(await of(withToken)).toEqual({ a: 'account', b: 'system' });
  await app.close();
});
