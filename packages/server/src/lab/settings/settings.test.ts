import { chmod, lstat, readFile, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestLab, type TestLab } from '../test-lab.ts';

const a = '@jupyterlab/a-extension:plugin';
const file = 'config/lab/user-settings/@jupyterlab/a-extension/plugin.jupyterlab-settings';

let lab: TestLab;
beforeEach(async () => {
  lab = await createTestLab();
});
afterEach(() => lab.remove());

const list = async () => (await lab.get('/lab/api/settings')).json().settings as Record<string, unknown>[];
const get = async (id = a) => (await lab.get(`/lab/api/settings/${id}`)).json();

test('[P13] all settings come last id first, or their ids alone', async () => {
  expect((await list()).map(({ id }) => id)).toEqual(['@jupyterlab/b-extension:plugin', a]);
  expect((await lab.get('/lab/api/settings/?ids_only=true&1700000000')).json()).toEqual({
    settings: [{ id: '@jupyterlab/b-extension:plugin' }, { id: a }],
  });
});

test('[P14] a plugin that nobody changed has its schema and nothing else', async () => {
  const expected = {
    id: a,
    version: '4.6.6',
    raw: '{}',
    settings: {},
    last_modified: null,
    created: null,
    schema: expect.objectContaining({ title: 'A' }),
  };
  expect(await get()).toEqual(expected);
  expect(await get(encodeURIComponent(a))).toEqual(expected);
  expect((await list())[1]).toEqual(expected);
  expect(await get('@jupyterlab/b-extension:plugin')).toMatchObject({ version: 'N/A' });
});

test('[P15] what a user writes is kept to the letter and found by the list', async () => {
  const raw = '{\n  // why not\n  flag: true,\n}';
  const saved = await lab.put(`/lab/api/settings/${a}`, { raw });
  expect([saved.statusCode, saved.payload]).toEqual([204, '']);
  expect(await readFile(join(lab.folder, file), 'utf8')).toBe(raw);
  const expected = { raw, settings: { flag: true }, last_modified: expect.stringMatching(/^20.*Z$/) };
  expect(await get()).toMatchObject(expected);
  expect((await list())[1]).toMatchObject(expected);
  await lab.put(`/lab/api/settings/${a}`, { raw: '{}' });
  expect((await list())[1]).toMatchObject({ raw: '{}', settings: {} });
  expect(await readdir(join(lab.folder, file, '..'))).toEqual(['plugin.jupyterlab-settings']);
});

test("[P16] what is wrong with a request is its sender's error, and changes nothing", async () => {
  await lab.put(`/lab/api/settings/${a}`, { raw: '{"flag": true}' });
  const put = async (payload: unknown, id = a) => {
    const response = await lab.put(`/lab/api/settings/${id}`, payload);
    return `${response.statusCode} ${response.json().message}`;
  };
  expect(await put('{"raw"')).toMatch(/^400 Invalid JSON/);
  expect(await put({})).toMatch(/^400 Invalid format/);
  expect(await put({ raw: 5 })).toMatch(/^400 Invalid format/);
  expect(await put({ raw: '{flag: ' })).toMatch(/^400 Failed parsing settings/);
  expect(await put({ raw: '{"flag": 5}' })).toBe('400 Failed validating input: flag must be boolean');
  expect(await put({ raw: '{"other": 5}' })).toBe(
    "400 Failed validating input: the settings must NOT have additional properties ('other')",
  );
  expect(await put({ raw: '[]' })).toMatch(/^400/);
  expect(await put({ raw: '{}' }, '@jupyterlab/no-extension:plugin')).toMatch(/^404 Schema not found/);
  expect(await get()).toMatchObject({ settings: { flag: true } });
});

test('[P17] ids lead nowhere else', async () => {
  await lab.write({ 'app/secret.json': { title: 'secret' }, 'app/schemas/x/.hidden.json': {} });
  for (const id of [
    'nothing',
    'a:b:c',
    '..:secret',
    '../..:secret',
    '%2e%2e:secret',
    '@jupyterlab/a-extension:../../secret',
    'x:.hidden',
    'a/b/c:d',
    `${'x'.repeat(300)}:y`,
    'x%00:y',
    ':',
    'x:',
  ]) {
    expect((await lab.get(`/lab/api/settings/${id}`)).statusCode).toBe(404);
    expect((await lab.put(`/lab/api/settings/${id}`, { raw: '{}' })).statusCode).toBe(404);
  }
});

test("[P18] a user's broken file counts as empty, is reported, and is kept when new settings are saved", async () => {
  for (const [text, problem] of [
    ['{flag: tru', 'Failed loading'],
    ['{"flag": 7}', 'Failed validating'],
    ['[1]', 'Failed loading'],
  ]) {
    await lab.write({ [file]: text });
    expect(await get()).toMatchObject({
      raw: '{}',
      settings: {},
      warning: expect.stringContaining(problem ?? ''),
    });
    expect((await list()).length).toBe(2);
    expect(lab.logged()).toContain(`${problem} settings (${a})`);
    await lab.put(`/lab/api/settings/${a}`, { raw: '{"flag": true}' });
    expect(await get()).toMatchObject({ settings: { flag: true } });
    const folder = join(lab.folder, file, '..');
    const kept = (await readdir(folder)).filter((name) => name.includes('.broken-'));
    const texts = await Promise.all(kept.map((name) => readFile(join(folder, name), 'utf8')));
    expect(texts).toContain(text);
  }
});

test('[P19] overrides replace defaults: those of the application, then those of the configuration', async () => {
  await lab.write({
    'data/lab/settings/overrides.d/pack.json5':
      '{"@jupyterlab/a-extension:plugin": {size: {rows: 7}, flag: true,}}',
    'env/share/jupyter/lab/settings/overrides.json': { [a]: { size: { cols: 9 }, fresh: 'x' } },
    'etc/labconfig/default_setting_overrides.json': { [a]: { flag: false } },
    'config/labconfig/default_setting_overrides.d/me.json': { [a]: { size: { depth: 3 } } },
  });
  const { schema } = await get();
  expect(schema.properties).toMatchObject({
    flag: { type: 'boolean', default: false },
    size: { type: 'object', default: { rows: 7, cols: 9, depth: 3 } },
    fresh: { default: 'x' },
  });
  // Not declared by the schema, so the override is what allows it.
  expect((await lab.put(`/lab/api/settings/${a}`, { raw: '{"fresh": "y"}' })).statusCode).toBe(204);
  await lab.write({ 'env/share/jupyter/lab/settings/overrides.json': '{' });
  expect((await get()).schema.properties.size.default).toEqual({ rows: 7, cols: 2, depth: 3 });
  expect(lab.logged()).toContain('overrides of settings are ignored');
});

test('[P20] a prebuilt extension brings its schemas, which come before those of the front end', async () => {
  const extension = (name: string, title: string) => ({
    [`${name}/package.json`]: {
      name: '@jupyterlab/a-extension',
      version: '9.0.0',
      jupyterlab: { _build: { load: 'static/r.js' } },
    },
    [`${name}/schemas/@jupyterlab/a-extension/plugin.json`]: {
      title,
      properties: { odd: { type: 'number' } },
    },
    [`${name}/schemas/@jupyterlab/a-extension/package.json.orig`]: { version: '9.0.0' },
  });
  await lab.write({
    ...extension('data/labextensions/@jupyterlab/a-extension', 'shadowed'),
    ...extension('env/share/jupyter/labextensions/@jupyterlab/a-extension', 'brought'),
  });
  expect(await get()).toMatchObject({ version: '9.0.0', schema: { title: 'brought' } });
  expect((await list()).map(({ schema }) => (schema as { title: string }).title)).toEqual(['B', 'brought']);
  expect((await lab.put(`/lab/api/settings/${a}`, { raw: '{"odd": "x"}' })).statusCode).toBe(400);
  expect((await lab.put(`/lab/api/settings/${a}`, { raw: '{"odd": 1}' })).statusCode).toBe(204);
});

test('[P21] a broken schema costs its own plugin only', async () => {
  await lab.write({
    'app/schemas/@jupyterlab/c-extension/plugin.json': '{',
    'app/schemas/@jupyterlab/c-extension/odd.json': { type: 'nonsense', properties: {} },
  });
  const fresh = await createTestLab({ appDir: join(lab.folder, 'app') });
  const ids = (await fresh.get('/lab/api/settings')).json().settings.map(({ id }: { id: string }) => id);
  expect(ids).toEqual(['@jupyterlab/c-extension:odd', '@jupyterlab/b-extension:plugin', a]);
  expect(fresh.logged()).toContain('settings of @jupyterlab/c-extension:plugin are left out');
  expect((await fresh.get('/lab/api/settings/@jupyterlab/c-extension:plugin')).statusCode).toBe(404);
  // No check is possible with a schema that is none; the front end says so itself.
  expect(
    (await fresh.put('/lab/api/settings/@jupyterlab/c-extension:odd', { raw: '{"x": 1}' })).statusCode,
  ).toBe(204);
  await fresh.remove();
});

test('[P22] a settings file that is a symlink stays one', async () => {
  await lab.write({ 'dotfiles/a.json5': '{}', [`${file}/../x`]: '' });
  await symlink(join(lab.folder, 'dotfiles/a.json5'), join(lab.folder, file));
  await chmod(join(lab.folder, 'dotfiles/a.json5'), 0o600);
  expect((await lab.put(`/lab/api/settings/${a}`, { raw: '{"flag": true}' })).statusCode).toBe(204);
  expect((await lstat(join(lab.folder, file))).isSymbolicLink()).toBe(true);
  expect(await readFile(join(lab.folder, 'dotfiles/a.json5'), 'utf8')).toBe('{"flag": true}');
  expect((await lstat(join(lab.folder, 'dotfiles/a.json5'))).mode & 0o777).toBe(0o600);
});

test('[P23] the list is made once and given again until something changes', async () => {
  await list();
  const begun = performance.now();
  for (let i = 0; i < 20; i++) await lab.get('/lab/api/settings');
  const each = (performance.now() - begun) / 20;
  // A few milliseconds of looking at files; parsing and checking sixty schemas takes many times that.
  expect(each).toBeLessThan(50);
  await lab.write({ [file]: '{flag: true}' });
  expect((await list())[1]).toMatchObject({ settings: { flag: true } });
});
