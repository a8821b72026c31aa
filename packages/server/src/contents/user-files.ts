import type { FileContentsService } from './create-file-contents.ts';
import { makeUserFolder, type FolderOwner } from './make-user-folder.ts';
import type { RootTemplate } from './root-template.ts';

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
  ownerOf?: (username: string) => Promise<FolderOwner>,
): FilesOf {
  const known = new Map<string, Promise<UserFiles>>();
  const find = async (username: string): Promise<UserFiles> => {
    const rootDir = await makeUserFolder(template, username, await ownerOf?.(username));
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
