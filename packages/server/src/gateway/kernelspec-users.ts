import type { Kernelspec } from '@perijove/kernels';

export interface UserLists {
  /** Empty: all. */
  readonly authorizedUsers: readonly string[];
  readonly unauthorizedUsers: readonly string[];
}

/**
 * Whether a user may start a kernelspec, as Enterprise Gateway decides it: the forbidden of both lists first, then the
 * kernelspec's own list of the authorized in place of the gateway's. Names are compared whole (there, `bo` was found in
 * `bob,alice`).
 */
export function mayUse({ spec }: Pick<Kernelspec, 'spec'>, username: string, lists: UserLists): boolean {
  const own = processProxyConfigOf(spec);
  const unauthorized = [...lists.unauthorizedUsers, ...namesOf(own['unauthorized_users'])];
  if (unauthorized.includes(username)) return false;
  const ownAuthorized = namesOf(own['authorized_users']);
  const authorized = ownAuthorized.length > 0 ? ownAuthorized : lists.authorizedUsers;
  return authorized.length === 0 || authorized.includes(username);
}

function processProxyConfigOf(spec: Kernelspec['spec']): Readonly<Record<string, unknown>> {
  const proxy = asObject(spec.metadata?.['process_proxy']);
  return asObject(proxy['config']);
}

/** A list, or names with commas between, as Enterprise Gateway's kernelspecs have it. */
function namesOf(value: unknown): readonly string[] {
  const names = typeof value === 'string' ? value.split(',') : Array.isArray(value) ? value : [];
  return names
    .filter((name) => typeof name === 'string')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
