// On a real file system, as root: only root gives accounts away.
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { kernelAccounts, type KernelAccounts } from './kernel-accounts.ts';

let base: string;
beforeEach(async () => void (base = await mkdtemp(join(tmpdir(), 'perijove-accounts-'))));
afterEach(() => rm(base, { recursive: true }));

const open = (mode: 'users' | 'range', last = 320_009): KernelAccounts =>
  kernelAccounts({ mode, range: { first: 320_000, last }, folder: join(base, 'accounts') });
const uidOf = async (accounts: KernelAccounts, user: string): Promise<number> =>
  (await accounts.of(user)).uid;

test('[X19] each user has one number, for ever, also where two servers ask at once', async () => {
  const servers = [open('range'), open('range')];
  const users = ['ada', 'bob', 'cleo', 'dan', 'ada', 'bob'];
  const asked = await Promise.all(servers.flatMap((server) => users.map((user) => uidOf(server, user))));
  const numbers = new Map(users.map((user, index) => [user, asked[index]]));
  expect(new Set(numbers.values()).size).toBe(4);
  expect(asked).toEqual([...users, ...users].map((user) => numbers.get(user)));
  const later = open('range');
  for (const [user, number] of numbers)
    // oxlint-disable-next-line no-await-in-loop
    expect(await uidOf(later, user)).toBe(number);
  expect((await readdir(join(base, 'accounts/uids'))).every((name) => /^\d+$/.test(name))).toBe(true);
});

test('[X19] when all numbers have a user, the next one is refused, with what to do', async () => {
  const accounts = open('range', 320_000);
  await accounts.of('ada');
  await expect(accounts.of('bob')).rejects.toThrow(
    'all accounts from 320000 to 320000 have a user already; make --kernel-account-range larger',
  );
  expect(await uidOf(accounts, 'ada')).toBe(320_000);
});

test('[X19] with the machine’s accounts, a user is the account of that name; root, numbers and unknown names are nobody', async () => {
  const accounts = open('users');
  expect(await accounts.of('nobody')).toMatchObject({ uid: 65_534, name: 'nobody', isListed: true });
  await expect(accounts.of('root')).rejects.toThrow('the account "root" is root');
  for (const name of ['0', '65534', 'nobody-of-that-name', ''])
    // oxlint-disable-next-line no-await-in-loop
    await expect(accounts.of(name)).rejects.toThrow(`there is no account "${name}" on this machine`);
});

test('[X19] nobody looks into the folders but their account', async () => {
  const { uid, folder, home } = await open('range').of('ada');
  const found = await Promise.all(
    [join(base, 'accounts'), folder, join(folder, 'run'), join(folder, 'sockets'), home].map(async (path) => {
      const { mode, uid: owner } = await stat(path);
      return `${(mode & 0o777).toString(8)} ${owner}`;
    }),
  );
  expect(found).toEqual(['711 0', '711 0', '711 0', `700 ${uid}`, `700 ${uid}`]);
});
