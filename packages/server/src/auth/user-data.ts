import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyRequest } from 'fastify';
import { makeUserFolder } from '../contents/make-user-folder.ts';
import { ServerError } from '../errors.ts';

/** Users whose data is held open; others are opened again. */
const maxOpen = 50;

export interface UserDataOptions<T> {
  /** Perijove's own data: in `users/` of it, each user but the account has a folder. */
  readonly dataDir: string;
  /** Of the account that the server runs under: in Jupyter's own folders. */
  readonly ofAccount: T;
  readonly open: (folder: string) => T;
}

/** What each user sets for themselves, by who asks. */
export type UserData<T> = (request: FastifyRequest) => Promise<T>;

/**
 * The account's data is Jupyter's, as if it were alone; each other user's is in a folder of their own, made with mode 0700 when
 * they first come.
 */
export function createUserData<T>({ dataDir, ofAccount, open }: UserDataOptions<T>): UserData<T> {
  const known = new Map<string, Promise<T>>();
  const find = async (username: string): Promise<T> => {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    return open(await makeUserFolder({ base: dataDir, names: ['users', '{username}'] }, username));
  };
  return async ({ user, server }) => {
    if (user === undefined) throw new ServerError('UNAUTHENTICATED', 'Forbidden');
    const { username } = user;
    if (username === server.access.authenticator.account) return ofAccount;
    const data = known.get(username) ?? find(username);
    known.delete(username); // to the end of the order
    known.set(username, data);
    if (known.size > maxOpen) known.delete(known.keys().next().value ?? '');
    // What went wrong once may go well the next time.
    data.catch(() => known.get(username) === data && known.delete(username));
    return data;
  };
}

/** Where a user's settings of one kind are, below their folder. */
export function userDataFolders(folder: string) {
  return {
    settings: join(folder, 'lab', 'user-settings'),
    workspaces: join(folder, 'lab', 'workspaces'),
  } as const;
}
