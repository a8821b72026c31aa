import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { type CookieAttributes, lastCookie, setCookie } from '../http/cookies.ts';
import { anonymousIdentity } from './anonymous-identity.ts';
import { serverAccount } from './server-account.ts';
import { signValue, verifySignedValue } from './signed-value.ts';
import type { Identity, User } from './user.ts';

export interface AuthenticatorOptions {
  /** Empty: there is none. */
  readonly token: string;
  /** Empty: there is none. */
  readonly hashedPassword: string;
  /** Text of the file `jupyter_cookie_secret`. */
  readonly cookieSecret: string;
  readonly cookieDays: number;
  readonly baseUrl: string;
  /** Who all are that hold the token or the password. Default: the account of the server's process. */
  readonly account?: string;
  readonly now?: () => number;
}

/** What of a request can prove who it is of. */
export interface Credentials {
  readonly headers: IncomingHttpHeaders;
  readonly query: URLSearchParams;
  readonly isSecure: boolean;
}

export interface Authentication {
  readonly user: User | undefined;
  /** For the answer, if it has headers. */
  readonly setCookies: readonly string[];
}

const day = 86_400;

/** Tells who asks, by token or login cookie. Its password may change while it runs: then all earlier cookies are void. */
export class Authenticator {
  readonly token: string;
  readonly #options: AuthenticatorOptions;
  readonly #now: () => number;
  readonly #account: string;
  #hashedPassword: string;
  #key: string;

  constructor(options: AuthenticatorOptions) {
    this.token = options.token;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#account = options.account ?? serverAccount();
    this.#hashedPassword = options.hashedPassword;
    this.#key = keyOf(options.cookieSecret, options.hashedPassword);
  }

  /** Neither token nor password: everybody is let in. */
  get isOpen(): boolean {
    return this.token === '' && this.#hashedPassword === '';
  }

  get hashedPassword(): string {
    return this.#hashedPassword;
  }

  set hashedPassword(hashed: string) {
    this.#hashedPassword = hashed;
    this.#key = keyOf(this.#options.cookieSecret, hashed);
  }

  /** A token wins over a cookie, as it is always explicit; the cookie then still tells the name. */
  authenticate(credentials: Credentials): Authentication {
    const name = cookieName(credentials.headers.host);
    const cookie = lastCookie(credentials.headers.cookie, name);
    const known = cookie === undefined ? undefined : this.#identityOfCookie(name, cookie);
    if (this.#hasToken(credentials)) {
      const user = this.#holder('token', known ?? anonymousIdentity());
      return { user, setCookies: known === undefined ? [this.loginCookie(user, credentials)] : [] };
    }
    if (known !== undefined)
      return { user: this.#holder(this.isOpen ? 'nobody' : 'cookie', known), setCookies: [] };
    if (this.isOpen) {
      const user = this.#holder('nobody', anonymousIdentity());
      return { user, setCookies: [this.loginCookie(user, credentials)] };
    }
    // Never without a cookie sent: that would log out who has one on another path.
    return { user: undefined, setCookies: cookie === undefined ? [] : [this.logoutCookie(credentials)] };
  }

  /** Who has just proved it by the login form. */
  newcomer(): User {
    return this.#holder('cookie', anonymousIdentity());
  }

  isToken(text: string): boolean {
    return this.token !== '' && timingSafeEqual(digest(text), digest(this.token));
  }

  loginCookie(user: User, { headers, isSecure }: Pick<Credentials, 'headers' | 'isSecure'>): string {
    const name = cookieName(headers.host);
    const value = signValue(this.#key, name, JSON.stringify(user.identity), this.#now());
    return setCookie(name, value, { ...this.#attributes(isSecure), maxAgeS: this.#options.cookieDays * day });
  }

  logoutCookie({ headers, isSecure }: Pick<Credentials, 'headers' | 'isSecure'>): string {
    return setCookie(cookieName(headers.host), '', { ...this.#attributes(isSecure), maxAgeS: 0 });
  }

  #attributes(isSecure: boolean): CookieAttributes {
    return { path: this.#options.baseUrl, httpOnly: true, secure: isSecure };
  }

  #hasToken({ headers, query }: Credentials): boolean {
    const given =
      query.get('token') ?? /^(?:token|bearer)\s+(.+)$/i.exec(headers.authorization ?? '')?.[1]?.trim();
    return given !== undefined && this.isToken(given);
  }

  /** All who hold the one token or password are one, and may do everything. */
  #holder(by: User['by'], identity: Identity): User {
    return { username: this.#account, role: 'admin', identity, by };
  }

  #identityOfCookie(name: string, cookie: string): Identity | undefined {
    const limits = { now: this.#now(), maxAgeS: this.#options.cookieDays * day };
    const text = verifySignedValue(this.#key, name, cookie, limits);
    if (text === undefined) return undefined;
    const {
      username,
      name: fullName,
      display_name,
      initials,
      avatar_url,
      color,
    } = JSON.parse(text) as Identity;
    return { username, name: fullName, display_name, initials, avatar_url, color };
  }
}

/** By host and port, since cookies know no port: several servers of one machine would overwrite each other's. */
function cookieName(host: string | undefined): string {
  return `username-${host ?? 'localhost'}`.replace(/[^A-Za-z0-9]/g, '-');
}

function keyOf(cookieSecret: string, hashedPassword: string): string {
  return createHmac('sha256', cookieSecret).update(hashedPassword).digest('hex');
}

// Digests are of one length, so that not even the token's is told by time.
function digest(text: string): Buffer {
  return createHmac('sha256', 'length').update(text).digest();
}
