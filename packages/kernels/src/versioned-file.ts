import { randomBytes } from 'node:crypto';
import { chmod, lstat, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import type { Log } from './log.ts';

/**
 * A JSON file that is replaced as a whole: `{version, data}`, mode 0600. Whoever reads it finds the former content
 * or the new one. No fsync: it must outlive the process, and what it speaks of does not outlive the machine.
 */
export async function writeVersionedFile(path: string, version: number, data: unknown): Promise<void> {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify({ version, data })}\n`);
  } catch (error) {
    await file.close();
    await unlink(temporary);
    throw error;
  }
  await file.close();
  await rename(temporary, path);
}

export interface VersionedFileOptions<T extends TSchema> {
  readonly schema: T;
  readonly version: number;
  readonly log: Log;
}

/**
 * Reads what `writeVersionedFile` wrote; undefined if there is none. A file that is damaged, of another version or
 * somebody else's is renamed to `<path>.aside-<n>` with a warning, and counts as none.
 */
export async function readVersionedFile<T extends TSchema>(
  path: string,
  { schema, version, log }: VersionedFileOptions<T>,
): Promise<Static<T> | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'EISDIR') {
      await setAside(path, 'a folder', log);
      return undefined;
    }
    log.warn({ err: error, path }, 'a state file cannot be read; going on without it');
    return undefined;
  }
  const problem = problemOf(text, schema, version);
  if (typeof problem !== 'string') return problem.data;
  await setAside(path, problem, log);
  return undefined;
}

/** Renames what cannot be used to `<path>.aside-<n>`, with a warning. */
export async function setAside(path: string, problem: string, log: Log): Promise<void> {
  const aside = `${path}.aside-${Date.now()}-${randomBytes(2).toString('hex')}`;
  log.warn({ path, aside, problem }, 'a state file cannot be used; it was set aside');
  try {
    await rename(path, aside);
    const stats = await lstat(aside);
    if (stats.isFile()) await chmod(aside, 0o600);
  } catch (error) {
    // It stays where it is. The next write replaces a file; nothing replaces a folder, and each write says so.
    log.warn({ err: error, path }, 'a state file could not be set aside');
  }
}

/** Removes what writes of this file left that a crash interrupted; what they were to replace is still there. */
export async function removeLeftovers(path: string, log: Log): Promise<void> {
  const name = basename(path);
  try {
    for (const other of await readdir(dirname(path))) {
      if (other.startsWith(`${name}.`) && other.endsWith('.tmp')) await unlink(join(dirname(path), other));
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    log.warn({ err: error, path }, 'what an interrupted write left cannot be removed');
  }
}

function problemOf<T extends TSchema>(
  text: string,
  schema: T,
  version: number,
): string | { readonly data: Static<T> } {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return 'not JSON';
  }
  const { version: found, data } = (content ?? {}) as { version?: unknown; data?: unknown };
  if (found !== version) return `version ${String(found)}, not ${version}`;
  if (!Value.Check(schema, data)) {
    const [first] = Value.Errors(schema, data);
    return first ? `${first.instancePath || '/'} ${first.message}` : 'wrong content';
  }
  return { data };
}
