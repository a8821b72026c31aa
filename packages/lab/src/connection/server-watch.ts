import { Token } from '@lumino/coreutils';
import { Signal, type ISignal } from '@lumino/signaling';
import { defaultRetryPolicy, retryDelay, type RetryPolicy } from './retry-delay.ts';

/** Whether the server answers, as far as is known. */
export type Reachability =
  | { readonly status: 'reachable' }
  | { readonly status: 'lost'; readonly since: number; readonly failures: number };

export interface ServerWatchOptions {
  /** Asks the server anything at all: resolves with whether it answered, never rejects. */
  readonly ask: () => Promise<boolean>;
  readonly now: () => number;
}

/**
 * Knows whether the server answers. Costs nothing while all is well: it asks only once somebody has a doubt, and then
 * until there is an answer, less and less often, and at once when the browser is online or looked at again.
 */
export class ServerWatch {
  readonly #options: ServerWatchOptions;
  readonly #changed = new Signal<this, Reachability>(this);
  #state: Reachability = { status: 'reachable' };
  #asking: Promise<void> | undefined;
  #next: ReturnType<typeof setTimeout> | undefined;
  /** Replaced as the settings say. */
  policy: RetryPolicy = defaultRetryPolicy;

  constructor(options: ServerWatchOptions) {
    this.#options = options;
  }

  get state(): Reachability {
    return this.#state;
  }

  /** Also at each further attempt that failed. */
  get changed(): ISignal<this, Reachability> {
    return this.#changed;
  }

  /** Asks the server now, unless that is being done; resolves when it is known whether it answered. */
  check(): Promise<void> {
    clearTimeout(this.#next);
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  /** Somebody failed to reach the server. While it is known to be lost, that is no news. */
  suspect(): void {
    if (this.#state.status === 'reachable') void this.check();
  }

  /** Asks at once if the server is lost: the network may be back. */
  hurry(): void {
    if (this.#state.status === 'lost') void this.check();
  }

  /** Resolves once the server answers; asks first. */
  async reachable(): Promise<void> {
    await this.check();
    while (this.#state.status !== 'reachable') await this.#nextChange();
  }

  async #ask(): Promise<void> {
    const { ask, now } = this.#options;
    const before = this.#state;
    if (await ask()) {
      this.#state = { status: 'reachable' };
      if (before.status === 'lost') this.#changed.emit(this.#state);
      return;
    }
    const failures = before.status === 'lost' ? before.failures + 1 : 1;
    this.#state = { status: 'lost', since: before.status === 'lost' ? before.since : now(), failures };
    this.#next = setTimeout(() => void this.check(), retryDelay(failures, this.policy));
    this.#changed.emit(this.#state);
  }

  #nextChange(): Promise<void> {
    return new Promise((resolve) => {
      const settle = (): void => {
        this.#changed.disconnect(settle);
        resolve();
      };
      this.#changed.connect(settle);
    });
  }
}

export const IServerWatch = new Token<ServerWatch>(
  '@perijove/lab:IServerWatch',
  'Knows whether the server answers, and says when that changes.',
);
