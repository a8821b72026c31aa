import { randomBytes } from 'node:crypto';
import { mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ServerError } from './errors.ts';

/**
 * Replaces a file's text so that whoever reads it sees the old or the new one, and a full disk leaves the old one. Makes
 * missing folders. A symlink stays one: settings often live in a repository of dotfiles.
 */
export async function writeAtomically(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const target = await realpath(path).catch(() => path);
  const mode = await stat(target).then(
    (known) => known.mode,
    () => 0o666,
  );
  const temporary = join(
    dirname(target),
    `.${basename(target).slice(0, 200)}.${randomBytes(6).toString('hex')}.tmp`,
  );
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw refused(path, error);
  }
}

function refused(path: string, error: unknown): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new ServerError('STORAGE_FULL', `No room left to write ${path}`, { cause: error });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new ServerError('FORBIDDEN', `Permission denied: ${path}`, { cause: error });
    default:
      return error;
  }
}
