import { mkdir, mkdtemp, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from './usage-error.ts';

/** A folder without which the command cannot do its work. */
export interface NeededFolder {
  readonly path: string;
  /** What goes there, as a person would say it. */
  readonly holds: string;
  /** How another one is chosen. */
  readonly elsewhere: string;
}

/** Makes the folders, for this user alone, where they are not there. Throws UsageError for the first that cannot be written. */
export async function makeNeededFolders(folders: readonly NeededFolder[]): Promise<void> {
  for (const { path, holds, elsewhere } of folders) {
    try {
      await mkdir(path, { recursive: true, mode: 0o700 });
      // Whether one may write is known only once it was tried: root may everywhere, save on read-only disks and in /sys.
      await rmdir(await mkdtemp(join(path, '.perijove-')));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw new UsageError(
        `${holds} cannot be kept in ${path} (${reasons[code ?? ''] ?? message}). ${elsewhere}`,
        { cause: error },
      );
    }
  }
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'you may not write there',
  EPERM: 'you may not write there',
  EROFS: 'the file system is read-only',
  EEXIST: 'a file of that name is in the way',
  ENOTDIR: 'a file is where a folder should be',
  ENOENT: 'no folder can be made there',
  ENOSPC: 'the disk is full',
};
