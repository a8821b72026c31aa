import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '@perijove/kernels';
import { ClusterRefusal, type ClusterClient } from '../cluster-client.ts';
import { addressOf, heldBy, seen, turnOf, type LeaseObject, type Seen } from './lease-view.ts';

export interface ClusterLeaseOptions {
  readonly client: Pick<ClusterClient, 'ask'>;
  readonly namespace: string;
  readonly name: string;
  /** `identityOf`. */
  readonly identity: string;
  /** Seconds without a renewal after which another may take it; it is renewed five times as often. */
  readonly durationS: number;
  readonly log: Log;
}

/** To write it, while others write it too. */
const maxAttempts = 3;

/** Another server holds the Lease: this one must not act any more. */
class LeaseLost extends Error {
  readonly code = 'LEASE_LOST';

  constructor(holder: string) {
    super(`${holder} acts in the place of this server now`);
    this.name = 'LeaseLost';
  }
}

/**
 * A Lease of the cluster: of several servers, the one that holds it acts. Who cannot renew it, because the API does not answer, goes
 * on with what it has: it cannot change anything in the cluster either, and before it does so again, it confirms (`confirm`).
 */
export class ClusterLease {
  readonly #options: ClusterLeaseOptions;
  #lease: LeaseObject | undefined;
  #since: Seen | undefined;
  #renewedAt = -Infinity;
  #renewal: Promise<void> | undefined;
  /** Once it is, it stays so: this server knows nothing of what happened since. */
  #lost: LeaseLost | undefined;

  constructor(options: ClusterLeaseOptions) {
    this.#options = options;
  }

  /** Who holds it, as far as one knows. */
  get holder(): string | undefined {
    return this.#lease?.spec?.holderIdentity || undefined;
  }

  /** `HOST:PORT` of the server that holds it, if that is another one. */
  get elsewhere(): string | undefined {
    const address = addressOf(this.holder);
    return address === addressOf(this.#options.identity) ? undefined : address;
  }

  /** Resolves once it is held. Rejects when aborted. */
  async acquire(signal: AbortSignal): Promise<void> {
    let said = '';
    for (;;) {
      try {
        // oxlint-disable-next-line no-await-in-loop
        if (await this.#try(signal)) return;
        const { holder = 'another server' } = this;
        if (said !== holder)
          this.#options.log.info({}, `standing by: ${holder} has the Lease ${this.#options.name}`);
        said = holder;
      } catch (error) {
        signal.throwIfAborted();
        const { message } = error as Error;
        if (said !== message)
          this.#options.log.warn({ err: error }, `the Lease ${this.#options.name} cannot be had yet`);
        said = message;
      }
      // oxlint-disable-next-line no-await-in-loop
      await delay(Math.min(1000, this.#intervalMs), undefined, { signal });
    }
  }

  /** Renews it until another one has it: rejects with LeaseLost then, or when aborted. */
  async hold(signal: AbortSignal): Promise<never> {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop
      await delay(this.#intervalMs, undefined, { signal });
      try {
        // oxlint-disable-next-line no-await-in-loop
        await this.#renew();
      } catch (error) {
        if (error instanceof LeaseLost) throw error;
        this.#options.log.warn({ err: error }, `the Lease ${this.#options.name} could not be renewed`);
      }
    }
  }

  /** To be called before anything in the cluster is changed. Rejects with LeaseLost; as the API does, if that does not answer. */
  async confirm(): Promise<void> {
    if (this.#lost) throw this.#lost;
    if (performance.now() - this.#renewedAt < (this.#options.durationS * 1000 * 2) / 3) return;
    await this.#renew();
  }

  /** Lets another one have it at once. */
  async release(): Promise<void> {
    const lease = this.#lease;
    if (!lease || lease.spec?.holderIdentity !== this.#options.identity) return;
    const free = { ...lease, spec: { ...lease.spec, holderIdentity: '' } };
    await this.#write(free).catch((error: unknown) => {
      this.#options.log.debug({ err: error }, 'the Lease is left to run out');
    });
  }

  get #intervalMs(): number {
    return (this.#options.durationS * 1000) / 5;
  }

  get #path(): string {
    return `/apis/coordination.k8s.io/v1/namespaces/${this.#options.namespace}/leases`;
  }

  /** One at a time. */
  #renew(): Promise<void> {
    const { durationS, identity } = this.#options;
    this.#renewal ??= (async () => {
      if (await this.#try(AbortSignal.timeout(durationS * 1000))) return;
      // Others write it all the time, and it is still this one's: the next renewal will do.
      if (this.holder === identity) return;
      this.#lost = new LeaseLost(this.holder ?? 'another server');
      throw this.#lost;
    })().finally(() => (this.#renewal = undefined));
    return this.#renewal;
  }

  /** Whether it is held now. Whoever else writes it meanwhile is seen the next time. */
  async #try(signal: AbortSignal, attempt = 1): Promise<boolean> {
    const { identity, name, durationS } = this.#options;
    const lease = await this.#read(signal);
    const now = performance.now();
    this.#since = seen(this.#since, lease, now);
    const turn = turnOf(lease, this.#since, identity, now);
    // Who had it and finds that another one has, or had, knows nothing of what happened meanwhile.
    const hadIt = this.#renewedAt > -Infinity;
    if (turn === 'wait' || (turn === 'take' && hadIt)) return false;
    try {
      const mine = heldBy(identity, name, lease, { durationS, now: new Date() });
      await this.#write(mine, turn === 'create', signal);
      this.#renewedAt = now;
      return true;
    } catch (error) {
      if (!(error instanceof ClusterRefusal && error.status === 409)) throw error;
      return attempt < maxAttempts && this.#try(signal, attempt + 1);
    }
  }

  async #read(signal: AbortSignal): Promise<LeaseObject | undefined> {
    const { client, name } = this.#options;
    try {
      this.#lease = await client.ask<LeaseObject>('GET', `${this.#path}/${name}`, { signal });
    } catch (error) {
      if (!(error instanceof ClusterRefusal && error.status === 404)) throw error;
      this.#lease = undefined;
    }
    return this.#lease;
  }

  async #write(lease: LeaseObject, isNew = false, signal?: AbortSignal): Promise<void> {
    const { client, name } = this.#options;
    const method = isNew ? 'POST' : 'PUT';
    const path = isNew ? this.#path : `${this.#path}/${name}`;
    this.#lease = await client.ask<LeaseObject>(method, path, { body: lease, ...(signal ? { signal } : {}) });
  }
}
