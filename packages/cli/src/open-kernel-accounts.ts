import { accountEnvironment, asAccount, kernelAccounts, type KernelAccounts } from '@perijove/provisioners';
import type { TerminalAccounts } from '@perijove/server';
import { UsageError } from './usage-error.ts';

export interface AccountSettings {
  readonly kernelAccounts: '' | 'same' | 'users' | 'range';
  readonly kernelAccountRange: string;
  readonly kernelAccountsDir: string;
  readonly rootDir: string;
  readonly proxyHeader: string;
}

/** The accounts that kernels and terminals of users run as; undefined: as this server does. Throws UsageError. */
export function openKernelAccounts(settings: AccountSettings): KernelAccounts | undefined {
  const { kernelAccounts: mode, kernelAccountRange, kernelAccountsDir } = settings;
  const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
  if (mode === 'users' || mode === 'range') {
    if (!isRoot)
      throw new UsageError(`--kernel-accounts ${mode} needs a server that runs as root, on Linux.`);
    const [first = 0, last = 0] = kernelAccountRange.split('-').map(Number);
    if (first > last)
      throw new UsageError(
        `--kernel-account-range ${kernelAccountRange}: the first is greater than the last.`,
      );
    return kernelAccounts({ mode, range: { first, last }, folder: kernelAccountsDir });
  }
  if (mode === '' && isRoot && (settings.rootDir.includes('{username}') || settings.proxyHeader !== '')) {
    throw new UsageError(
      'This server runs as root for several users. Say which accounts their kernels run as: --kernel-accounts range (a number for each user), ' +
        "users (the accounts of their names), or same (all as root, where each can read all of the others').",
    );
  }
  return undefined;
}

/** The same for terminals. */
export function terminalAccounts(accounts: KernelAccounts | undefined): TerminalAccounts | undefined {
  return (
    accounts && {
      environment: async (username, env) => accountEnvironment(await accounts.of(username), env),
      command: async (username, argv) => asAccount(await accounts.of(username), argv),
    }
  );
}
