import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { ServerError } from '../errors.ts';
import { rootOf, type RootTemplate } from './root-template.ts';

/** Makes a user's folder where it is missing, with mode 0700. One that is a link, or is reached by one, is refused: it might be another's. */
export async function makeUserFolder(template: RootTemplate, username: string): Promise<string> {
  const base = await realpath(template.base);
  const root = rootOf({ ...template, base }, username);
  try {
    // Folder by folder, so that none is made behind a link.
    let folder = base;
    for (const name of root.slice(base.length).split('/').filter(Boolean)) {
      folder = join(folder, name);
      // oxlint-disable-next-line no-await-in-loop
      await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
      // Also where the file system takes two spellings for one, as on macOS: then the real name is another.
      // oxlint-disable-next-line no-await-in-loop
      if ((await realpath(folder)) !== folder) throw new Error('is a link, or another user has it');
    }
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
