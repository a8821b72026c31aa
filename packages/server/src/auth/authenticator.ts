import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { type CookieAttributes, lastCookie, setCookie } from '../http/cookies.ts';
import { anonymousIdentity } from './anonymous-identity.ts';
import type { NamedTokens } from './named-tokens.ts';
import { personOf } from './person.ts';
import type { ProxyIdentity } from './proxy-identity.ts';
import { serverAccount } from './server-account.ts';
import { signValue, verifySignedValue } from './signed-value.ts';
import type { NamedToken } from './token-file.ts';
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
  readonly namedTokens?: Pick<NamedTokens, 'find' | 'byId' | 'isUsed'>;
  readonly proxy?: Pick<ProxyIdentity, 'identify'>;
  /** Whether who holds the token or password may act for others. Default: if that is the only way in. */
  readonly trustUpstreamUsernames?: boolean;
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
  /** Why what the request brought proves nothing, where that is worth to be known by who runs the server. */
  readonly problem?: string;
}

const day = 86_400;

/** Tells who asks, by token, proxy or login cookie. Its password may change while it runs: then all earlier cookies are void. */
export class Authenticator {
  readonly token: string;
  /** Who all are that hold the server's own token or password. */
  readonly account: string;
  readonly #options: AuthenticatorOptions;
  readonly #now: () => number;
  #hashedPassword: string;
  #key: string;
  #keyNumber = 0;

  constructor(options: AuthenticatorOptions) {
    this.token = options.token;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.account = options.account ?? serverAccount();
    this.#hashedPassword = options.hashedPassword;
    this.#key = keyOf(options.cookieSecret, options.hashedPassword);
  }

  /** Nothing to prove oneself with: everybody is let in. */
  get isOpen(): boolean {
    return !this.#hasOwnLogin && !this.hasNamedTokens && this.#options.proxy === undefined;
  }

  get hasNamedTokens(): boolean {
    return this.#options.namedTokens?.isUsed === true;
  }

  get #hasOwnLogin(): boolean {
    return this.token !== '' || this.#hashedPassword !== '';
  }

  get hashedPassword(): string {
    return this.#hashedPassword;
  }

  set hashedPassword(hashed: string) {
    this.#hashedPassword = hashed;
    this.#key = keyOf(this.#options.cookieSecret, hashed);
    this.#keyNumber++;
  }

  /**
   * A token wins, as it is always explicit; then what the proxy says; then a cookie. What claims to be the proxy's and is not
   * makes a stranger, whatever else there is. With a token of the same user, a cookie still tells the name.
   */
  async authenticate(credentials: Credentials): Promise<Authentication> {
    const name = cookieName(credentials.headers.host);
    const cookie = lastCookie(credentials.headers.cookie, name);
    const known = cookie === undefined ? undefined : this.#userOfCookie(name, cookie);
    const byToken = this.#userOfRequestToken(credentials);
    if (byToken !== undefined) {
      if (known === undefined || known.tokenId !== byToken.tokenId)
        return { user: byToken, setCookies: [this.loginCookie(byToken, credentials)] };
      const { cookieKey: _, ...user } = known;
      return { user: { ...user, by: 'token' }, setCookies: [] };
    }
    const claim = await this.#options.proxy?.identify(credentials.headers);
    if (claim !== undefined)
      return 'problem' in claim
        ? { user: undefined, setCookies: [], problem: claim.problem }
        : { user: claim.user, setCookies: [] };
    if (known !== undefined) return { user: known, setCookies: [] };
    if (this.isOpen) {
      const user = this.#holder('nobody', anonymousIdentity());
      return { user, setCookies: [this.loginCookie(user, credentials)] };
    }
    // Never without a cookie sent: that would log out who has one on another path.
    return { user: undefined, setCookies: cookie === undefined ? [] : [this.logoutCookie(credentials)] };
  }

  /** Who has just given the password. */
  newcomer(): User {
    return this.#holder('cookie', anonymousIdentity());
  }

  /** Whose token a text is. */
  userOfToken(text: string): User | undefined {
    if (this.isToken(text)) return this.#holder('token', anonymousIdentity());
    const token = this.#options.namedTokens?.find(text);
    return token && userOf(token, 'token', personOf(token.user));
  }

  /**
   * Whether what somebody was let in by still holds, as it was: not if their token was removed, expired or changed, their proxy's JWT
   * has expired, their cookie is from before a new password, or they had nothing to prove, and now there is something.
   */
  isStillValid({ tokenId, username, role, by, validUntil, cookieKey }: User): boolean {
    if (validUntil !== undefined && this.#now() >= validUntil) return false;
    if (cookieKey !== undefined && cookieKey !== this.#keyNumber) return false;
    if (by === 'nobody' && !this.isOpen) return false;
    if (tokenId === undefined) return true;
    const token = this.#options.namedTokens?.byId(tokenId);
    return token?.user === username && token.scope === role;
  }

  isToken(text: string): boolean {
    return this.token !== '' && timingSafeEqual(digest(text), digest(this.token));
  }

  loginCookie(user: User, { headers, isSecure }: Pick<Credentials, 'headers' | 'isSecure'>): string {
    const name = cookieName(headers.host);
    const value = signValue(this.#key, name, JSON.stringify(cookieOf(user)), this.#now());
    return setCookie(name, value, { ...this.#attributes(isSecure), maxAgeS: this.#options.cookieDays * day });
  }

  logoutCookie({ headers, isSecure }: Pick<Credentials, 'headers' | 'isSecure'>): string {
    return setCookie(cookieName(headers.host), '', { ...this.#attributes(isSecure), maxAgeS: 0 });
  }

  #attributes(isSecure: boolean): CookieAttributes {
    return { path: this.#options.baseUrl, httpOnly: true, secure: isSecure };
  }

  #userOfRequestToken({ headers, query }: Credentials): User | undefined {
    const given =
      query.get('token') ?? /^(?:token|bearer)\s+(.+)$/i.exec(headers.authorization ?? '')?.[1]?.trim();
    return given === undefined ? undefined : this.userOfToken(given);
  }

  /** All who hold the one token or password are one, and may do everything. */
  #holder(by: User['by'], identity: Identity): User {
    const isOnlyWayIn = !this.hasNamedTokens && this.#options.proxy === undefined;
    const mayImpersonate = this.#options.trustUpstreamUsernames ?? isOnlyWayIn;
    return { username: this.account, role: 'admin', identity, by, mayImpersonate };
  }

  #userOfCookie(name: string, cookie: string): User | undefined {
    const limits = { now: this.#now(), maxAgeS: this.#options.cookieDays * day };
    const text = verifySignedValue(this.#key, name, cookie, limits);
    const user = text === undefined ? undefined : this.#userOfCookieText(text);
    return user && { ...user, cookieKey: this.#keyNumber };
  }

  #userOfCookieText(text: string): User | undefined {
    const { token: tokenId, open, ...identity } = JSON.parse(text) as CookieContent;
    if (tokenId !== undefined) {
      const token = this.#options.namedTokens?.byId(tokenId);
      return token && userOf(token, 'cookie', { ...identity, username: token.user });
    }
    if (this.isOpen) return this.#holder('nobody', identity);
    // From when no login was needed, or from when there was a token or password of the server's own.
    return open === true || !this.#hasOwnLogin ? undefined : this.#holder('cookie', identity);
  }
}

interface CookieContent extends Identity {
  /** Id of the named token that it goes back to. */
  readonly token?: string;
  /** Given to somebody who had proved nothing. */
  readonly open?: boolean;
}

function cookieOf({ identity, tokenId, by }: User): CookieContent {
  return {
    ...identity,
    ...(tokenId === undefined ? {} : { token: tokenId }),
    ...(by === 'nobody' ? { open: true } : {}),
  };
}

function userOf(token: NamedToken, by: User['by'], identity: Identity): User {
  const { id: tokenId, user: username, scope: role, mayImpersonate = false } = token;
  return { username, role, identity, by, tokenId, mayImpersonate };
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
