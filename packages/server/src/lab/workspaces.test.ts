import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withToken } from '../http/test-app.ts';
import { createTestLab, type TestLab } from './test-lab.ts';
import { workspaceSlug } from './workspaces.ts';

let lab: TestLab;
beforeEach(async () => {
  lab = await createTestLab();
});
afterEach(() => lab.remove());

const url = '/lab/api/workspaces';
const remove = (name: string) =>
  lab.app.inject({ method: 'DELETE', url: `${url}/${name}`, headers: withToken });

test('[P24] a workspace is saved, loaded, listed and deleted', async () => {
  const data = { 'layout-restorer:data': { main: {} } };
  expect((await lab.put(`${url}/default`, { data, metadata: { id: 'default' } })).statusCode).toBe(204);
  const expected = {
    data,
    metadata: {
      id: 'default',
      last_modified: expect.stringMatching(/Z$/),
      created: expect.stringMatching(/Z$/),
    },
  };
  expect((await lab.get(`${url}/default`)).json()).toEqual(expected);
  expect((await lab.get(url)).json()).toEqual({ workspaces: { ids: ['default'], values: [expected] } });
  expect((await lab.get(`${url}/`)).json().workspaces.ids).toEqual(['default']);
  expect(await readdir(join(lab.folder, 'config/lab/workspaces'))).toEqual([
    'default-37a8.jupyterlab-workspace',
  ]);
  expect((await remove('default')).statusCode).toBe(204);
  expect((await remove('default')).statusCode).toBe(404);
  expect((await lab.get(url)).json()).toEqual({ workspaces: { ids: [], values: [] } });
});

test('[P25] a workspace that nobody saved is empty', async () => {
  expect((await lab.get(`${url}/new`)).json()).toEqual({ data: {}, metadata: { id: '/new' } });
});

test('[P26] a workspace has to know its name, with or without a slash, encoded or not', async () => {
  const put = async (name: string, payload: unknown) => (await lab.put(`${url}/${name}`, payload)).statusCode;
  expect(await put('a%20b', { data: {}, metadata: { id: '/a b' } })).toBe(204);
  expect(await put('a%20b', { data: {}, metadata: { id: 'a%20b' } })).toBe(204);
  expect(await put('a', { data: {}, metadata: { id: 'b' } })).toBe(400);
  for (const payload of ['{', '[]', '1', 'null', {}, { metadata: {} }, { metadata: { id: 1 } }])
    expect(await put('a', payload)).toBe(400);
  expect((await lab.put(url, { data: {}, metadata: { id: '' } })).statusCode).toBe(400);
  expect((await remove('')).statusCode).toBe(400);
});

test('[P27] a broken workspace hides no other', async () => {
  await lab.put(`${url}/good`, { data: {}, metadata: { id: 'good' } });
  await lab.write({
    'config/lab/workspaces/bad.jupyterlab-workspace': '{',
    'config/lab/workspaces/odd.jupyterlab-workspace': '[]',
  });
  expect((await lab.get(url)).json().workspaces.ids).toEqual(['good']);
  expect(lab.logged()).toContain('bad.jupyterlab-workspace is ignored');
});

test('[P28] files are named as jupyterlab_server names them', () => {
  // Made with jupyterlab_server 2.28.1.
  const named = {
    default: 'default-37a8',
    '/x': 'x-2d71',
    'Foo Bar': 'foo-bar-5528',
    'a/b/c': 'abc-d76a',
    'ü é': '-a4e0',
    '%20x': 'x-5ef6',
    '100%': '100-32e4',
    '..': '-5ec1',
    '': '-e3b0',
    'A_b-c.d': 'a_b-cd-67ab',
    'résumé  --  x': 'rsum-x-e779',
    İ: 'i-a650',
    ['x'.repeat(300)]: `${'x'.repeat(102)}-0d4e`,
  };
  for (const [name, slug] of Object.entries(named)) expect(workspaceSlug(name)).toBe(slug);
});

test('[P29] a name never leads out of the folder', async () => {
  const name = encodeURIComponent('../../../evil');
  expect((await lab.put(`${url}/${name}`, { data: {}, metadata: { id: '../../../evil' } })).statusCode).toBe(
    204,
  );
  const [file] = await readdir(join(lab.folder, 'config/lab/workspaces'));
  expect(file).toMatch(/^evil-[0-9a-f]{4}\.jupyterlab-workspace$/);
  expect(
    JSON.parse(await readFile(join(lab.folder, 'config/lab/workspaces', file ?? ''), 'utf8')),
  ).toMatchObject({ data: {} });
});
