import { randomBytes } from 'node:crypto';
import type { AuthOptions } from './options.ts';

/** The token given, or a fresh one of 48 hexadecimal digits; none when a password does its work. */
export function chooseToken({
  token,
  hashedPassword,
}: Pick<AuthOptions, 'token' | 'hashedPassword'>): string {
  return token ?? (hashedPassword === '' ? randomBytes(24).toString('hex') : '');
}
