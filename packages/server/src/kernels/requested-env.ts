import { ServerError } from '../errors.ts';

export interface RequestedEnvOptions {
  /** Names besides `KERNEL_*` that a client may set; `*`: any. */
  readonly allowedEnvs: readonly string[];
  /** For whom it is: `actingUsername` has looked at what the client says of that. */
  readonly username: string;
}

/** Longest value: as Enterprise Gateway has it. */
const maxEnvValueLength = 4096;

/**
 * What of a request's `env` a kernel gets: `KERNEL_*` and what is allowed; the rest is dropped, as gateways do. Throws
 * BAD_REQUEST for values that shells and templates would read as more than text (gateway.md §1.3).
 */
export function requestedEnv(
  env: Readonly<Record<string, unknown>>,
  { allowedEnvs, username }: RequestedEnvOptions,
): Record<string, string> {
  const kept: Record<string, string> = {};
  const mayAll = allowedEnvs.includes('*');
  for (const [name, value] of Object.entries(env)) {
    if (!/^KERNEL_\w*$/.test(name) && !mayAll && !allowedEnvs.includes(name)) continue;
    if (typeof value !== 'string') throw new ServerError('BAD_REQUEST', `env.${name} is to be a text`);
    if (value.length > maxEnvValueLength) {
      throw new ServerError('BAD_REQUEST', `env.${name} is longer than ${maxEnvValueLength} characters`);
    }
    if (/[$`\n\r\0]/.test(value)) {
      throw new ServerError('BAD_REQUEST', `env.${name} contains one of $ \` or a line break or NUL`);
    }
    kept[name] = value;
  }
  if ('KERNEL_USERNAME' in kept) kept['KERNEL_USERNAME'] = username;
  return kept;
}
