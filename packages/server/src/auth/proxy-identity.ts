import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyBaseLogger } from 'fastify';
import type * as Jose from 'jose';
import type { JSONWebKeySet, JWTPayload, JWTVerifyGetKey } from 'jose';
import { personOf } from './person.ts';
import type { Role } from './permissions.ts';
import type { ProxyOptions } from './proxy-options.ts';
import type { User } from './user.ts';
import { isUsername } from './username.ts';
import { WatchedFile } from './watched-file.ts';

/** Only what is signed with a private key: with a shared secret, the server could make what it is to believe. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']; // prettier-ignore
const clockToleranceS = 30;
const maxHeaderBytes = 16 * 1024;
const maxJwksBytes = 1024 * 1024;
/** Verified ones, so that a page's hundred requests cost one signature. */
const maxRemembered = 1000;

type Keys = JWTVerifyGetKey;
type Claim = { readonly user: User } | { readonly problem: string };

export interface ProxyIdentityDeps {
  readonly options: ProxyOptions;
  readonly log: FastifyBaseLogger;
  readonly now?: () => number;
  readonly pollMs?: number;
}

/** Who asks, by the signed header of a trusted proxy. */
export class ProxyIdentity {
  readonly #options: ProxyOptions;
  readonly #now: () => number;
  readonly #header: string;
  readonly #keys: () => Keys | undefined;
  readonly #end: () => void;
  readonly #verify: typeof Jose.jwtVerify;
  readonly #remembered = new Map<string, { readonly user: User; readonly until: number }>();

  private constructor(
    { options, now = Date.now }: ProxyIdentityDeps,
    keys: { get: () => Keys | undefined; end: () => void; onChange: (listener: () => void) => void },
    verify: typeof Jose.jwtVerify,
  ) {
    this.#options = options;
    this.#now = now;
    this.#header = options.proxyHeader.toLowerCase();
    this.#keys = keys.get;
    this.#end = keys.end;
    this.#verify = verify;
    // What a key had signed that is gone now is to be looked at again.
    keys.onChange(() => this.#remembered.clear());
  }

  /** Rejects with what is missing. Keys of a file are read now, and again when it changes; those of an address when needed. */
  static async open(deps: ProxyIdentityDeps): Promise<ProxyIdentity> {
    const problem = problemOf(deps.options);
    if (problem !== undefined) throw new TypeError(problem);
    const jose = await import('jose');
    const keys = /^https?:/i.test(deps.options.proxyJwks)
      ? remoteKeys(deps.options, jose)
      : await keysOfFile(deps, jose);
    return new ProxyIdentity(deps, keys, jose.jwtVerify);
  }

  /** Undefined: the header is not there. A header that proves nothing is a problem, never nobody. */
  async identify(headers: IncomingHttpHeaders): Promise<Claim | undefined> {
    const given = headers[this.#header];
    if (given === undefined) return undefined;
    if (typeof given !== 'string' || given.length > maxHeaderBytes)
      return { problem: `more than one ${this.#header}, or too long a one` };
    const jwt = this.#header === 'authorization' ? /^bearer\s+(\S+)$/i.exec(given)?.[1] : given.trim();
    // Where the header is Authorization, other things than a JWT of the proxy's may stand in it.
    if (jwt === undefined) return undefined;
    const digest = createHash('sha256').update(jwt).digest('base64');
    const known = this.#remembered.get(digest);
    if (known !== undefined && known.until > this.#now()) return { user: known.user };
    this.#remembered.delete(digest);
    const keys = this.#keys();
    if (keys === undefined) return { problem: 'no keys of the proxy are known' };
    let payload: JWTPayload;
    try {
      ({ payload } = await this.#verify(jwt, keys, {
        algorithms,
        issuer: this.#options.proxyIssuer,
        audience: this.#options.proxyAudience,
        requiredClaims: ['exp'],
        clockTolerance: clockToleranceS,
        currentDate: new Date(this.#now()),
      }));
    } catch (error) {
      // Its code says what is wrong, without a word of the JWT.
      return { problem: `the proxy's header is not valid: ${(error as { code?: string }).code ?? 'ERR'}` };
    }
    const claim = this.#claimOf(payload);
    if ('user' in claim) {
      const untilKeysAreOld = this.#now() + this.#options.proxyJwksCacheS * 1000;
      const until = Math.min((payload.exp ?? 0) * 1000, untilKeysAreOld);
      this.#remembered.set(digest, { user: claim.user, until });
      if (this.#remembered.size > maxRemembered)
        this.#remembered.delete(this.#remembered.keys().next().value ?? '');
    }
    return claim;
  }

  close(): void {
    this.#end();
  }

  #claimOf(payload: JWTPayload): Claim {
    const { proxyUserClaim, proxyGroupsClaim } = this.#options;
    const username = payload[proxyUserClaim];
    if (!isUsername(username)) return { problem: `the claim ${proxyUserClaim} holds no name` };
    const role = roleOf(payload[proxyGroupsClaim], this.#options);
    if (role === undefined) return { problem: `${username} is in no group that may come in` };
    const fullName = isUsername(payload['name']) ? payload['name'] : username;
    const validUntil = ((payload.exp ?? 0) + clockToleranceS) * 1000;
    return { user: { username, role, identity: personOf(username, fullName), by: 'proxy', validUntil } };
  }
}

/** The most that any of the groups lets be; undefined: they let nothing. */
function roleOf(
  claim: unknown,
  options: Pick<ProxyOptions, 'proxyAdminGroups' | 'proxyUseGroups' | 'proxyReadGroups'>,
): Role | undefined {
  const groups = (Array.isArray(claim) ? claim : [claim]).filter((group) => typeof group === 'string');
  const isIn = (wanted: readonly string[]): boolean => groups.some((group) => wanted.includes(group));
  const { proxyAdminGroups, proxyUseGroups, proxyReadGroups } = options;
  if (isIn(proxyAdminGroups)) return 'admin';
  if (isIn(proxyUseGroups)) return 'use';
  if (isIn(proxyReadGroups)) return 'read';
  return proxyUseGroups.length === 0 && proxyReadGroups.length === 0 ? 'use' : undefined;
}

function problemOf({ proxyHeader, proxyJwks, proxyIssuer, proxyAudience }: ProxyOptions): string | undefined {
  if (proxyJwks === '' || proxyIssuer === '' || proxyAudience === '')
    return '--proxy-header needs --proxy-jwks, --proxy-issuer and --proxy-audience: without them, anybody could be anybody.';
  if (/^(cookie|host|origin|referer)$/i.test(proxyHeader))
    return `--proxy-header ${proxyHeader} is a header that browsers send by themselves.`;
  if (/^http:/i.test(proxyJwks) && !/^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:|\/|$)/i.test(proxyJwks))
    return '--proxy-jwks is to be an https address: on the way, the keys of another could be put in place.';
  return undefined;
}

function remoteKeys(options: ProxyOptions, jose: typeof Jose) {
  const keys = jose.createRemoteJWKSet(new URL(options.proxyJwks), {
    timeoutDuration: 5000,
    cooldownDuration: 30_000,
    cacheMaxAge: options.proxyJwksCacheS * 1000,
  });
  return { get: () => keys, end: () => {}, onChange: () => {} };
}

async function keysOfFile({ options, log, pollMs = 1000 }: ProxyIdentityDeps, jose: typeof Jose) {
  let keys: Keys | undefined;
  let changed = () => {};
  const refuse = (problem: string) =>
    log.error(
      { path: options.proxyJwks, problem },
      'the keys of the proxy cannot be used; those before stay',
    );
  const file = new WatchedFile(options.proxyJwks, {
    pollMs,
    maxBytes: maxJwksBytes,
    onText: (text) => {
      try {
        if (text === undefined) return refuse('it is not there');
        keys = jose.createLocalJWKSet(JSON.parse(text) as JSONWebKeySet);
        changed();
      } catch (error) {
        return refuse(error instanceof SyntaxError ? 'it is not JSON' : (error as Error).message);
      }
      return undefined;
    },
    onProblem: refuse,
  });
  await file.read();
  return {
    get: () => keys,
    end: () => file.close(),
    onChange: (listener: () => void) => void (changed = listener),
  };
}
