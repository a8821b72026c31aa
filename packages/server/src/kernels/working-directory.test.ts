import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createTestContents } from '../contents/test-contents.ts';
import { placeOf, workingDirectoryOf } from './working-directory.ts';

test.each([
  [false, 'within/deep/a.ipynb', 'root/within'],
  [false, 'out/a.ipynb', 'root'],
  [false, 'out', 'root'],
  [false, 'gone/a.ipynb', 'root'],
  [true, 'out/a.ipynb', 'root/out'],
  [true, '../data/a.ipynb', 'root'],
])(
  '[K84] with links outside followed: %j, a kernel of %j starts in %j',
  async (followLinksOutside, path, expected) => {
    await using given = await createTestContents({ followLinksOutside });
    const { root: rootDir, base, service } = given;
    await mkdir(join(rootDir, 'folder'));
    await symlink('folder', join(rootDir, 'within'));
    await symlink(join(base, 'data'), join(rootDir, 'out'));
    await symlink(join(base, 'nowhere'), join(rootDir, 'gone'));
    const place = { rootDir, resolve: service.resolve };
    expect(await workingDirectoryOf(path, place)).toBe(join(base, expected));
    expect(await placeOf(path, 'a.ipynb', place)).toEqual({
      cwd: join(base, expected),
      sessionName: join(base, expected, 'a.ipynb'),
    });
  },
);
