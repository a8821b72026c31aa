/** Who is asking, as `GET /api/me` shows it. `username` is the stable one; the rest is for people. */
export interface User {
  readonly username: string;
  readonly name: string;
  readonly display_name: string;
  readonly initials: string | null;
  readonly avatar_url: string | null;
  readonly color: string | null;
  /** How this request proved it: decides which checks apply (a token needs no XSRF). */
  readonly by: 'token' | 'cookie' | 'nobody';
}
