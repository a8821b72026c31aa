import { ServerError } from '../errors.ts';
import type { User } from './user.ts';
import { isUsername } from './username.ts';

/**
 * For whom a request acts: for its verified user, whatever it says, unless that user is trusted to say it. A claim that
 * differs is refused, not ignored: who sends it would take the kernel for another's.
 */
export function actingUsername(
  user: User,
  claimed: unknown,
  /** For the audit log. */
  request: { refusal: string | undefined },
): string {
  if (claimed === undefined || claimed === user.username) return user.username;
  if (!isUsername(claimed)) throw new ServerError('BAD_REQUEST', 'KERNEL_USERNAME is no name of a user');
  if (user.mayImpersonate === true && user.role === 'admin') return claimed;
  request.refusal = `says that it is ${claimed}`;
  throw new ServerError(
    'FORBIDDEN',
    `KERNEL_USERNAME says "${claimed}", but this is ${user.username}. Only a token with --may-impersonate acts for others.`,
  );
}
