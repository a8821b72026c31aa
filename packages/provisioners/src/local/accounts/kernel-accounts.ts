import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { promisify } from 'node:util';
import { KernelError } from '@perijove/kernels';
import type { Account } from './account.ts';

/** Which account a user's programs run as. */
export interface KernelAccounts {
  /** Makes what is missing of its folders. Rejects with KERNEL_LAUNCH_FAILED where there is no account for this user. */
  of(username: string): Promise<Account>;
  /** Copies of this kernel's connection file, whichever account's they are. */
  connectionFilesOf(kernelId: string): Promise<readonly string[]>;
}

export interface KernelAccountsOptions {
  /** `users`: the account of the same name. `range`: one of these numbers, the same one for ever. */
  readonly mode: 'users' | 'range';
  readonly range: { readonly first: number; readonly last: number };
  /** Absolute; all may pass through it, nobody but root may look. */
  readonly folder: string;
}

/** Only for root. */
export function kernelAccounts(options: KernelAccountsOptions): KernelAccounts {
  return new Accounts(options);
}

class Accounts implements KernelAccounts {
  readonly #options: KernelAccountsOptions;
  readonly #uids = new Map<string, Promise<number>>();

  constructor(options: KernelAccountsOptions) {
    this.#options = options;
  }

  async of(username: string): Promise<Account> {
    const account =
      this.#options.mode === 'users' ? await this.#listed(username) : await this.#numbered(username);
    await makeFolder(this.#options.folder, 0o711);
    await makeFolder(account.folder, 0o711);
    // What is in it, only those find who know its name; only root makes anything there.
    await makeFolder(posix.join(account.folder, 'run'), 0o711);
    await makeFolder(posix.join(account.folder, 'sockets'), 0o700, account);
    if (!account.isListed) await makeFolder(account.home, 0o700, account);
    return account;
  }

  async connectionFilesOf(kernelId: string): Promise<readonly string[]> {
    const { folder } = this.#options;
    const names = await readdir(folder).catch(() => []);
    return names
      .filter((name) => /^\d+$/.test(name))
      .map((name) => posix.join(folder, name, 'run', `kernel-${kernelId}.json`));
  }

  async #listed(username: string): Promise<Account> {
    const line = /^\d*$/.test(username) ? '' : await passwdLine(username);
    const [name = '', , uid = '', gid = '', , home = '/', shell = '/bin/sh'] = line.trim().split(':');
    if (name === '' || name !== username)
      throw refusal(
        `there is no account "${username}" on this machine, which kernels of that user would run as`,
      );
    if (uid === '0') throw refusal(`the account "${username}" is root, and kernels of users never are`);
    return {
      uid: Number(uid),
      gid: Number(gid),
      name,
      home,
      shell: shell || '/bin/sh',
      isListed: true,
      folder: posix.join(this.#options.folder, uid),
    };
  }

  async #numbered(username: string): Promise<Account> {
    let claimed = this.#uids.get(username);
    if (!claimed) {
      claimed = this.#claim(username);
      this.#uids.set(username, claimed);
      claimed.catch(() => this.#uids.delete(username));
    }
    const uid = await claimed;
    const folder = posix.join(this.#options.folder, String(uid));
    return {
      uid,
      gid: uid,
      name: username,
      home: posix.join(folder, 'home'),
      shell: '/bin/sh',
      isListed: false,
      folder,
    };
  }

  /** Whose a number is stands in a file of that name, made at once with what is in it: servers that run side by side agree. */
  async #claim(username: string): Promise<number> {
    const { folder, range } = this.#options;
    const claims = posix.join(folder, 'uids');
    await makeFolder(folder, 0o711);
    await makeFolder(claims, 0o700);
    const unfinished = posix.join(claims, `.${randomBytes(8).toString('hex')}`);
    await writeFile(unfinished, username, { flag: 'wx', mode: 0o600 });
    try {
      for (let uid = range.first; uid <= range.last; uid += 1) {
        const file = posix.join(claims, String(uid));
        // oxlint-disable-next-line no-await-in-loop
        const owner = await readFile(file, 'utf8').catch(() => undefined);
        if (owner === username) return uid;
        // oxlint-disable-next-line no-await-in-loop
        if (owner === undefined && (await isLinked(unfinished, file))) return uid;
        // Somebody was quicker; perhaps for the same user.
        // oxlint-disable-next-line no-await-in-loop
        if (owner === undefined && (await readFile(file, 'utf8')) === username) return uid;
      }
    } finally {
      await rm(unfinished, { force: true });
    }
    throw refusal(
      `all accounts from ${range.first} to ${range.last} have a user already; make --kernel-account-range larger`,
    );
  }
}

async function isLinked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function passwdLine(username: string): Promise<string> {
  try {
    return (await promisify(execFile)('getent', ['passwd', '--', username])).stdout;
  } catch (error) {
    // 2: there is none (getent(1)).
    if ((error as { code?: unknown }).code === 2) return '';
    throw error;
  }
}

/** In folders that only root changes: nothing of the names can be somebody's link. */
async function makeFolder(folder: string, mode: number, owner?: Account): Promise<void> {
  await mkdir(posix.dirname(folder), { recursive: true, mode: 0o755 });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (owner) await chown(folder, owner.uid, owner.gid);
  await chmod(folder, mode);
}

function refusal(message: string): KernelError {
  return new KernelError('KERNEL_LAUNCH_FAILED', message);
}
