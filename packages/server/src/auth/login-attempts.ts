import { isIP } from 'node:net';

export interface LoginAttemptsOptions {
  readonly freeAttempts: number;
  readonly maxWaitS: number;
  readonly now?: () => number;
}

interface Failures {
  count: number;
  nextAt: number;
}

/** More addresses than this are forgotten, the longest unseen first: an attacker with many is bounded by them, not by us. */
const maxAddresses = 10_000;

/**
 * Slows down who guesses passwords. Each try counts as wrong from its beginning, so that many at once are no way around;
 * `succeeded` takes it back. After the free ones, each wrong one doubles the wait from one second on.
 */
export class LoginAttempts {
  readonly #options: LoginAttemptsOptions;
  readonly #now: () => number;
  readonly #failures = new Map<string, Failures>();

  constructor(options: LoginAttemptsOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Begins a try. 0: go on; else the seconds until the next one is let in. */
  begin(address: string): number {
    const key = networkOf(address);
    const now = this.#now();
    const failures = this.#failures.get(key) ?? { count: 0, nextAt: 0 };
    if (failures.nextAt > now) return Math.ceil((failures.nextAt - now) / 1000);
    const count = failures.count + 1;
    const excess = count - this.#options.freeAttempts;
    const waitS = excess < 0 ? 0 : Math.min(2 ** excess, this.#options.maxWaitS);
    this.#failures.delete(key); // to the end of the order
    this.#failures.set(key, { count, nextAt: now + waitS * 1000 });
    if (this.#failures.size > maxAddresses) this.#failures.delete(this.#failures.keys().next().value ?? '');
    return 0;
  }

  succeeded(address: string): void {
    this.#failures.delete(networkOf(address));
  }
}

/** An IPv6 user has a /64 of addresses: they count as one. */
function networkOf(address: string): string {
  if (isIP(address) !== 6 || address.startsWith('::ffff:')) return address;
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros =
    tail === undefined ? [] : Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0');
  return [...left, ...zeros, ...right].slice(0, 4).join(':');
}
