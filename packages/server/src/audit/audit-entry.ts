import type { Role } from '../auth/permissions.ts';
import type { User } from '../auth/user.ts';

/** Who did what, where from, and how it went; docs/reference/audit.md describes it. */
export interface AuditEntry {
  readonly event:
    | 'login'
    | 'start'
    | 'restart'
    | 'interrupt'
    | 'stop'
    | 'attach'
    | 'execute'
    | 'refusal'
    | 'end';
  /** `failed`: allowed, but it did not work. */
  readonly outcome: 'done' | 'refused' | 'failed';
  readonly user?: string;
  readonly role?: Role;
  readonly by?: User['by'];
  /** Id of the named token behind it. */
  readonly token?: string;
  /** The address that it came from. */
  readonly peer?: string;
  readonly method?: string;
  /** Without its query, in which a token may be. */
  readonly path?: string;
  readonly status?: number;
  readonly kernel?: string;
  readonly session?: string;
  readonly terminal?: string;
  readonly why?: string;
  /** Only with `--audit-code`. */
  readonly code?: string;
}

/** Where audit lines go. Never throws, never waits. */
export interface Audit {
  write(entry: AuditEntry): void;
}

export const noAudit: Audit = { write() {} };

/** What of a user is written. */
export function auditedUser(user: User | undefined): Pick<AuditEntry, 'user' | 'role' | 'by' | 'token'> {
  if (user === undefined) return {};
  const { username, role, by, tokenId } = user;
  return { user: username, role, by, ...(tokenId === undefined ? {} : { token: tokenId }) };
}
