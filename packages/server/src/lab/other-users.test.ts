// What one user sets in JupyterLab is another's neither to see nor to change.
import { readdir, readFile, rm, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTestUsers } from '../auth/test-users.ts';
import { createTestLab, type TestLab } from './test-lab.ts';

let users: Awaited<ReturnType<typeof openTestUsers>>;
let lab: TestLab;

beforeEach(async () => {
  users = await openTestUsers();
  lab = await createTestLab({}, { authenticator: users.authenticator });
});
afterEach(async () => {
  await lab.remove();
  await users[Symbol.asyncDispose]();
});

async function as(user: string, method: 'GET' | 'PUT' | 'POST' | 'DELETE', url: string, payload?: object) {
  const response = await lab.app.inject({
    method,
    url,
    headers: users.as(user),
    ...(payload === undefined ? {} : { payload: JSON.stringify(payload) }),
  });
  const isJson = String(response.headers['content-type']).startsWith('application/json');
  return { status: response.statusCode, body: isJson ? response.json() : response.body };
}

const setting = '/lab/api/settings/@jupyterlab/a-extension:plugin';
const raw = (flag: boolean) => JSON.stringify({ flag });

test('[P49] each user has settings of their own; the account’s are in Jupyter’s folder', async () => {
  expect((await as('ada', 'PUT', setting, { raw: raw(true) })).status).toBe(204);
  expect((await lab.put(setting, { raw: raw(false) })).statusCode).toBe(204);
  expect((await as('ada', 'GET', setting)).body.raw).toBe(raw(true));
  expect((await as('bob', 'GET', setting)).body.raw).toBe('{}');
  expect((await lab.get(setting)).json().raw).toBe(raw(false));
  const listed = async (user: string): Promise<string> =>
    (await as(user, 'GET', '/lab/api/settings')).body.settings.find(({ id }: { id: string }) =>
      id.startsWith('@jupyterlab/a-'),
    ).raw;
  expect([await listed('ada'), await listed('bob')]).toEqual([raw(true), '{}']);
  const file = '@jupyterlab/a-extension/plugin.jupyterlab-settings';
  const folder = join(lab.folder, 'perijove/users/ada');
  expect(await readFile(join(folder, 'lab/user-settings', file), 'utf8')).toBe(raw(true));
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  expect(await readFile(join(lab.folder, 'config/lab/user-settings', file), 'utf8')).toBe(raw(false));
});

test('[P49] an admin has their own, too', async () => {
  await as('ada', 'PUT', setting, { raw: raw(true) });
  expect((await as('root', 'GET', setting)).body.raw).toBe('{}');
});

test('[P50] each user has workspaces of their own, of whatever name', async () => {
  const url = '/lab/api/workspaces';
  const workspace = (owner: string) => ({ data: { owner }, metadata: { id: 'default' } });
  expect((await as('ada', 'PUT', `${url}/default`, workspace('ada'))).status).toBe(204);
  expect((await as('bob', 'GET', `${url}/default`)).body.data).toEqual({});
  expect((await as('bob', 'GET', url)).body.workspaces.ids).toEqual([]);
  expect((await as('bob', 'DELETE', `${url}/default`)).status).toBe(404);
  expect((await as('bob', 'PUT', `${url}/default`, workspace('bob'))).status).toBe(204);
  expect((await as('ada', 'GET', `${url}/default`)).body.data).toEqual({ owner: 'ada' });
  expect((await lab.get(url)).json().workspaces.ids).toEqual([]);
});

test('[P51] the page names the user’s own folders', async () => {
  const configIn = (page: string) =>
    JSON.parse(/type="application\/json">(.*?)<\/script>/s.exec(page)?.[1] ?? '');
  const hers = configIn((await as('ada', 'GET', '/lab')).body);
  expect(hers.userSettingsDir).toBe(join(lab.folder, 'perijove/users/ada/lab/user-settings'));
  expect(hers.workspacesDir).toBe(join(lab.folder, 'perijove/users/ada/lab/workspaces'));
  expect(configIn((await lab.get('/lab')).body).userSettingsDir).toBe(
    join(lab.folder, 'config/lab/user-settings'),
  );
});

test('[P52] plugins are switched for everybody, so by admins only', async () => {
  const click = { cmd: 'disable', plugin_name: '@jupyterlab/a-extension:plugin' };
  expect((await as('ada', 'POST', '/lab/api/plugins', click)).status).toBe(403);
  expect(
    (await as('ada', 'POST', '/lab/api/extensions', { cmd: 'disable', extension_name: 'x' })).status,
  ).toBe(403);
  expect((await as('ada', 'GET', '/lab/api/plugins')).status).toBe(200);
  expect((await as('root', 'POST', '/lab/api/plugins', click)).status).toBe(201);
});

test('[P53] a folder that leads to another’s is refused, and used once it is put right', async () => {
  await as('ada', 'PUT', setting, { raw: raw(true) });
  const folder = join(lab.folder, 'perijove/users');
  await symlink(join(folder, 'ada'), join(folder, 'bob'));
  expect((await as('bob', 'GET', setting)).status).toBe(503);
  await rm(join(folder, 'bob'));
  expect((await as('bob', 'GET', setting)).body.raw).toBe('{}');
  expect((await readdir(folder)).toSorted()).toEqual(['ada', 'bob']);
});
