import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The text of `jupyter_cookie_secret`, which all servers of a user share so that a login outlives a restart. Made when there
 * is none; of two servers that start at once, the one that is late reads what the other wrote.
 */
export async function readCookieSecret(runtimeDir: string): Promise<string> {
  const path = join(runtimeDir, 'jupyter_cookie_secret');
  await mkdir(runtimeDir, { recursive: true, mode: 0o700 });
  try {
    await writeFile(path, `${randomBytes(1024).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFile(path, 'utf8');
}
