import { randomBytes } from 'node:crypto';
import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { ConnectionInfo } from '@perijove/protocol';
import { Value } from 'typebox/value';

/** A key of 256 bits that no other kernel has. */
export function newKey(): string {
  return randomBytes(32).toString('hex');
}

/**
 * Writes a file that only this user can read, or only `owner`, in a folder that only this user can enter, if it is not there yet.
 * Never half of it.
 */
export async function writeConnectionFile(
  file: string,
  connection: ConnectionInfo,
  owner?: { readonly uid: number; readonly gid: number },
): Promise<void> {
  await mkdir(posix.dirname(file), { recursive: true, mode: 0o700 });
  const unfinished = `${file}.${randomBytes(4).toString('hex')}`;
  try {
    await writeFile(unfinished, `${JSON.stringify(connection, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' });
    if (owner) await chown(unfinished, owner.uid, owner.gid);
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** Undefined if there is none, or it is not one. */
export async function readConnectionFile(file: string): Promise<ConnectionInfo | undefined> {
  try {
    const content: unknown = JSON.parse(await readFile(file, 'utf8'));
    return Value.Check(ConnectionInfo, content) ? content : undefined;
  } catch {
    // Gone or spoilt: without it there is no way to that kernel.
    return undefined;
  }
}
