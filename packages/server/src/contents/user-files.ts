import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { ServerError } from '../errors.ts';
import type { FileContentsService } from './create-file-contents.ts';
import { rootOf, type RootTemplate } from './root-template.ts';

/** The files of one user. */
export interface UserFiles extends Pick<FileContentsService, 'contents' | 'files' | 'resolve'> {
  readonly rootDir: string;
}

export type FilesOf = (username: string) => Promise<UserFiles>;

/** Users whose folder was looked at; more are looked at again. */
const maxRemembered = 1000;

/**
 * Each user's files, in a folder of their own, which is made with mode 0700 when they first come. One that is a link, or is
 * reached by one, is refused: it might be another's.
 */
export function createUserFiles(
  template: RootTemplate,
  open: (rootDir: string, username: string) => Omit<UserFiles, 'rootDir'>,
): FilesOf {
  const known = new Map<string, Promise<UserFiles>>();
  const find = async (username: string): Promise<UserFiles> => {
    const rootDir = await makeRoot(template, username);
    return { ...open(rootDir, username), rootDir };
  };
  return (username) => {
    const before = known.get(username);
    known.delete(username); // to the end of the order
    const files = before ?? find(username);
    known.set(username, files);
    if (known.size > maxRemembered) known.delete(known.keys().next().value ?? '');
    // What went wrong once may go well the next time.
    files.catch(() => known.get(username) === files && known.delete(username));
    return files;
  };
}

async function makeRoot(template: RootTemplate, username: string): Promise<string> {
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
