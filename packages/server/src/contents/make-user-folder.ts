import { chown, mkdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ServerError } from '../errors.ts';
import { rootOf, type RootTemplate } from './root-template.ts';

/** The account of this machine that a folder is to belong to, if not the server's. */
export interface FolderOwner {
  readonly uid: number;
  readonly gid: number;
}

/** Makes a user's folder where it is missing, with mode 0700. One that is a link, or is reached by one, is refused: it might be another's. */
export async function makeUserFolder(
  template: RootTemplate,
  username: string,
  owner?: FolderOwner,
): Promise<string> {
  const base = await realpath(template.base);
  const root = rootOf({ ...template, base }, username);
  try {
    // Folder by folder, so that none is made behind a link.
    let folder = base;
    for (const name of root.slice(base.length).split('/').filter(Boolean)) {
      folder = join(folder, name);
      // oxlint-disable-next-line no-await-in-loop
      const isNew = await mkdir(folder, { mode: 0o700 }).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'EEXIST') return false;
          throw error;
        },
      );
      // oxlint-disable-next-line no-await-in-loop
      if (isNew && owner) await chown(folder, owner.uid, owner.gid);
      // Also where the file system takes two spellings for one, as on macOS: then the real name is another.
      // oxlint-disable-next-line no-await-in-loop
      if ((await realpath(folder)) !== folder) throw new Error('is a link, or another user has it');
    }
    if (owner) await checkOwner(root, username, owner);
  } catch (cause) {
    throw new ServerError(
      'UNAVAILABLE',
      'Your folder cannot be opened. Who runs the server can read why in its log.',
      {
        cause,
      },
    );
  }
  return root;
}

/** One from before, of root, say: this user's kernels would stand before a closed door. */
async function checkOwner(root: string, username: string, { uid, gid }: FolderOwner): Promise<void> {
  const actual = (await stat(root)).uid;
  if (actual === uid) return;
  const remedy = `chown -R ${uid}:${gid} '${root}'`;
  throw new Error(
    `${root} belongs to the account ${actual}; kernels of ${username} run as ${uid}: ${remedy}`,
  );
}
