import { realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { ServerError } from '../errors.ts';

export interface FilesRoot {
  readonly root: string;
  readonly allowHidden: boolean;
  readonly followLinksOutside: boolean;
}

/** Finds a file's real path. NOT_FOUND for what is not there, is hidden, or is outside the root. */
export async function resolveFile(path: string, files: FilesRoot): Promise<string> {
  const missing = new ServerError('NOT_FOUND', `file does not exist: '${path}'`);
  const segments = path.split('/').filter((segment) => segment !== '');
  if (segments.some((segment) => segment === '..' || segment === '.' || segment.includes('\0')))
    throw missing;
  if (!files.allowHidden && segments.some((segment) => segment.startsWith('.'))) throw missing;
  try {
    const real = await realpath(join(files.root, ...segments));
    const realRoot = await realpath(files.root);
    const isInside = real.startsWith(realRoot === sep ? sep : realRoot + sep);
    if (isInside || files.followLinksOutside) return real;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES') throw new ServerError('FORBIDDEN', `Permission denied: ${path}`, { cause: error });
  }
  throw missing;
}
