import { mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { folderNameOf } from '@perijove/kernels';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTestUsers } from '../auth/test-users.ts';
import { JupyterEventBus } from '../events/jupyter-event-bus.ts';
import { jupyterEventSchemas } from '../events/jupyter-event-schemas.ts';
import { filesRoutes } from '../files/files-routes.ts';
import { withDefaults } from '../http/option-values.ts';
import { createTestApp } from '../http/test-app.ts';
import pino from 'pino';
import { createFileContents, type FileContentsService } from './create-file-contents.ts';
import { contentsOptions } from './options.ts';
import { parseRootTemplate, rootOf } from './root-template.ts';
import { contentsRoutes } from './routes.ts';
import { createUserFiles, type FilesOf } from './user-files.ts';

let folder: string;
let service: FileContentsService;
let filesOf: FilesOf;
const bus = new JupyterEventBus(pino({ level: 'silent' }), jupyterEventSchemas);

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'perijove-roots-')));
  service = createFileContents({
    root: folder,
    options: withDefaults(contentsOptions),
    dataHome: join(folder, 'data'),
    events: bus,
  });
  filesOf = createUserFiles(
    parseRootTemplate(join(folder, 'of-{username}', 'notebooks'))!,
    (rootDir, username) => service.forUser(rootDir, username),
  );
});
afterEach(async () => {
  await service.close();
  await rm(folder, { recursive: true });
});

test('[C80] no two users have one folder, and no name leads anywhere else', () => {
  const name = fc.oneof(fc.string({ unit: 'binary', minLength: 1 }), fc.string({ unit: fc.constantFrom('.', '/', '~', '2', 'e', 'A', '\0') })); // prettier-ignore
  fc.assert(
    fc.property(name, name, (one, other) => {
      const [a, b] = [folderNameOf(one), folderNameOf(other)];
      // Halves of characters are no names; all of them are one byte sequence.
      expect(a === b).toBe(Buffer.from(one).equals(Buffer.from(other)));
      expect(a).toMatch(/^([A-Za-z0-9_@~-][A-Za-z0-9_@.~-]*)?$/);
      expect(a.length).toBeLessThanOrEqual(200);
    }),
  );
  const template = parseRootTemplate('/srv/{username}/{username}-x')!;
  expect(template).toEqual({ base: '/srv', names: ['{username}', '{username}-x'] });
  expect(rootOf(template, '../../etc')).toBe('/srv/~2e.~2f..~2fetc/~2e.~2f..~2fetc-x');
  expect(rootOf(template, '{username}')).toBe('/srv/~7busername~7d/~7busername~7d-x');
  expect(parseRootTemplate('/srv/all')).toBeUndefined();
  expect(folderNameOf('a'.repeat(201))).not.toBe(folderNameOf('a'.repeat(202)));
});

test('[C81] a folder is made when its user comes, for nobody else to open', async () => {
  const { rootDir } = await filesOf('ada@example.org');
  expect(rootDir).toBe(join(folder, 'of-ada@example.org', 'notebooks'));
  for (const path of [rootDir, join(rootDir, '..')]) expect((await stat(path)).mode & 0o777).toBe(0o700);
  expect(await filesOf('ada@example.org')).toBe(await filesOf('ada@example.org'));
});

test('[C82] a folder that is a link, or behind one, is refused, until it is none', async () => {
  const { rootDir } = await filesOf('ada');
  await symlink(rootDir, join(folder, 'eve'));
  await mkdir(join(folder, 'of-eve'));
  await symlink(rootDir, join(folder, 'of-eve', 'notebooks'));
  await symlink(join(folder, 'of-ada'), join(folder, 'of-bob'));
  for (const user of ['eve', 'bob'])
    await expect(filesOf(user)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await rm(join(folder, 'of-bob'));
  expect((await filesOf('bob')).rootDir).toBe(join(folder, 'of-bob', 'notebooks'));
});

test('[C83] over HTTP, each user has their own files, and cannot get at another’s', async () => {
  await using users = await openTestUsers();
  const app = await createTestApp(
    [contentsRoutes({ contents: service.contents, filesOf }), filesRoutes({ files: service.files, filesOf })],
    { authenticator: users.authenticator },
  );
  const owners: (string | undefined)[] = [];
  const end = bus.subscribe(({ owner }) => void owners.push(owner));
  const payload = JSON.stringify({ type: 'file', format: 'text', content: 'hers' });
  const saved = await app.inject({
    method: 'PUT',
    url: '/api/contents/a.txt',
    headers: users.as('ada'),
    payload,
  });
  expect(saved.statusCode).toBe(201);
  expect(owners).toEqual(['ada']);
  end();
  expect(await readFile(join(folder, 'of-ada', 'notebooks', 'a.txt'), 'utf8')).toBe('hers');
  await writeFile(join(folder, 'secret.txt'), 'x');
  const get = async (user: string, url: string) =>
    (await app.inject({ url, headers: users.as(user) })).statusCode;
  expect(await get('ada', '/api/contents/a.txt')).toBe(200);
  expect(await get('ada', '/files/a.txt')).toBe(200);
  for (const path of [
    'a.txt',
    '../../of-ada/notebooks/a.txt',
    '..%2f..%2fof-ada%2fnotebooks%2fa.txt',
    '../../secret.txt',
  ]) {
    expect(await get('bob', `/api/contents/${path}`)).toBe(404);
    expect(await get('bob', `/files/${path}`)).toBe(404);
  }
  expect((await readdir(join(folder, 'of-bob', 'notebooks'))).length).toBe(0);
  const list = await app.inject({ url: '/api/contents/', headers: users.as('bob') });
  expect(list.json().content).toEqual([]);
});
