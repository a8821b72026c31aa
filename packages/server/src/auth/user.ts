import type { Role } from './permissions.ts';

/** How a person is called, as `GET /api/me` shows it. */
export interface Identity {
  readonly username: string;
  readonly name: string;
  readonly display_name: string;
  readonly initials: string | null;
  readonly avatar_url: string | null;
  readonly color: string | null;
}

/** Who is asking. */
export interface User {
  /**
   * Verified by the server, never said by a client. Kernels, sessions and terminals belong to who has this name. All who hold
   * the server's own token or password share one: that of the account that the server runs under.
   */
  readonly username: string;
  readonly role: Role;
  /** For people only: those who share a username still go by names of their own, which they may change. */
  readonly identity: Identity;
  /** How this request proved it: decides which checks apply (a token needs no XSRF). */
  readonly by: 'token' | 'cookie' | 'proxy' | 'nobody';
  /** Of the named token that it goes back to, by a cookie too. When that is removed, all ends that was let in by it. */
  readonly tokenId?: string;
  /** When what proved it ends, in milliseconds since 1970: a proxy's JWT. Tokens are looked up instead. */
  readonly validUntil?: number;
  /** Which of the keys for cookies, that change with the password, had signed what proved it. */
  readonly cookieKey?: number;
  /** Is trusted to say for whom it acts, as a notebook server in front of a gateway does. */
  readonly mayImpersonate?: boolean;
}
