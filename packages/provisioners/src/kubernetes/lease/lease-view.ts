/** What is used of a Lease (Kubernetes API reference, "Lease v1 coordination.k8s.io"). */
export interface LeaseObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: { readonly name: string; readonly resourceVersion?: string };
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

/** Since when a Lease is as it is, by the clock of who looks: nobody trusts another machine's clock. */
export interface Seen {
  readonly version: string | undefined;
  /** Monotonic, in milliseconds. */
  readonly sinceMs: number;
}

export type Turn = 'create' | 'take' | 'renew' | 'wait';

/** What lets somebody hold a Lease: `NAME_HOST:PORT`, at which the others find them. */
export function identityOf(name: string, address: string): string {
  return `${name}_${address}`;
}

/** `HOST:PORT` of a holder; undefined for one that is not ours to understand. */
export function addressOf(identity: string | undefined): string | undefined {
  return identity === undefined ? undefined : /_([^_]+:\d+)$/.exec(identity)?.[1];
}

/** Notes when what one sees of a Lease last changed. Pure. */
export function seen(before: Seen | undefined, lease: LeaseObject | undefined, nowMs: number): Seen {
  const version = lease?.metadata.resourceVersion;
  return before !== undefined && before.version === version ? before : { version, sinceMs: nowMs };
}

/**
 * Whose turn it is. A Lease may be taken if nobody has it, if who has it has not renewed it for its duration, or if who has it lived
 * at the same address: a program that was here before. Pure.
 */
export function turnOf(lease: LeaseObject | undefined, since: Seen, identity: string, nowMs: number): Turn {
  if (!lease) return 'create';
  const { holderIdentity = '', leaseDurationSeconds = 0 } = lease.spec ?? {};
  if (holderIdentity === identity) return 'renew';
  if (holderIdentity === '' || addressOf(holderIdentity) === addressOf(identity)) return 'take';
  return nowMs - since.sinceMs >= leaseDurationSeconds * 1000 ? 'take' : 'wait';
}

/** The Lease as its holder writes it. Pure. */
export function heldBy(
  identity: string,
  name: string,
  lease: LeaseObject | undefined,
  { durationS, now }: { readonly durationS: number; readonly now: Date },
): LeaseObject {
  // Kubernetes' MicroTime has six digits of a second's fraction.
  const time = now.toISOString().replace(/Z$/, '000Z');
  const { holderIdentity, acquireTime = time, leaseTransitions = 0 } = lease?.spec ?? {};
  const isNew = holderIdentity !== identity;
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { ...lease?.metadata, name },
    spec: {
      holderIdentity: identity,
      leaseDurationSeconds: durationS,
      acquireTime: isNew ? time : acquireTime,
      renewTime: time,
      leaseTransitions: lease && isNew ? leaseTransitions + 1 : leaseTransitions,
    },
  };
}
