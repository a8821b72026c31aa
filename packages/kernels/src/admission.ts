// Which kernels may start now, which wait and for what, and which never can. Pure: knows claims and numbers, no kernels.

/** What a kernel asks for, and for whom. */
export interface Claim {
  readonly id: string;
  readonly username: string;
  /** Name of the provisioner: where it is to run. */
  readonly place: string;
  readonly memoryBytes: number;
  readonly cpus: number;
}

export interface WaitingClaim extends Claim {
  /** Order of arrival; no two are alike. */
  readonly ticket: number;
  /** How many that came later were admitted before it while it was the first of its user. */
  readonly overtaken: number;
}

export interface AdmissionLimits {
  /** Kernels in all; 0: no limit. */
  readonly maxKernels: number;
  /** Kernels of one user; 0: no limit. */
  readonly maxKernelsPerUser: number;
  readonly maxQueued: number;
  readonly maxQueuedPerUser: number;
  /** How often the first start of a user may be passed by later ones that need less, before they wait for it. */
  readonly maxOvertakes: number;
}

/** What is taken, and of what. */
export interface Room {
  /** Of kernels that run, start or end. */
  readonly holding: readonly Claim[];
  /** What kernels of a place may have in all; undefined: it does not say, so nothing is counted there. */
  readonly capacityOf: (place: string) => { readonly memoryBytes: number; readonly cpus: number } | undefined;
  /** A number that grows with each admission: when the user last had one. 0: never. */
  readonly lastTurnOf: (username: string) => number;
}

/** What a claim lacks. `free` of `total` is there. `turn`: nothing, but one that came earlier and needs more goes first. */
export type Shortage =
  | {
      readonly what: 'memory' | 'cpus' | 'kernels' | 'kernelsOfUser';
      readonly needs: number;
      readonly free: number;
      readonly total: number;
    }
  | { readonly what: 'turn' };

/** One that waits: 1 is next. */
export interface Wait {
  readonly position: number;
  /** How many wait in all. */
  readonly queued: number;
  readonly shortage: Shortage;
  /** Kernels of the same user of which the end of any one would make room. */
  readonly wouldFree: readonly string[];
}

export type Decision =
  | { readonly type: 'admitted' }
  | { readonly type: 'queued'; readonly wait: Wait }
  | { readonly type: 'neverFits'; readonly shortage: Exclude<Shortage, { what: 'turn' }> }
  | { readonly type: 'queueFull'; readonly of: 'all' | 'user'; readonly queued: number };

export interface AdmissionPlan {
  /** In this order. */
  readonly admitted: readonly WaitingClaim[];
  /** In the order of the queue. `wait` is worked out when it is asked for: not everybody is told each time. */
  readonly waiting: readonly {
    readonly claim: WaitingClaim;
    readonly shortage: Shortage;
    readonly wait: Wait;
  }[];
}

/** What becomes of a claim that has just come. It has not been entered in the queue. */
export function admit(
  claim: WaitingClaim,
  queue: readonly WaitingClaim[],
  room: Room,
  limits: AdmissionLimits,
): Decision {
  const never = neverFits(claim, room);
  if (never) return { type: 'neverFits', shortage: never };
  const waitingIn = (): { readonly wait: Wait } | undefined =>
    planAdmission([...queue, claim], room, limits).waiting.find((waiting) => waiting.claim.id === claim.id);
  // What is lacking now is lacking whoever goes first: the queue need not be gone through for that.
  const lacks = shortageOf(claim, new Ledger(room.holding), room, limits) !== undefined;
  if (!lacks && (queue.length === 0 || !waitingIn())) return { type: 'admitted' };
  if (queue.length >= limits.maxQueued) return { type: 'queueFull', of: 'all', queued: queue.length };
  const ofUser = queue.filter(({ username }) => username === claim.username).length;
  if (ofUser >= limits.maxQueuedPerUser) return { type: 'queueFull', of: 'user', queued: ofUser };
  return {
    type: 'queued',
    get wait() {
      return waitingIn()!.wait;
    },
  };
}

/** What is lacking even when nothing else runs. */
export function neverFits(claim: Claim, room: Room): Exclude<Shortage, { what: 'turn' }> | undefined {
  const shortage = shortageOfPlace(claim, { memoryBytes: 0, cpus: 0 }, room.capacityOf(claim.place));
  return shortage?.what === 'turn' ? undefined : shortage;
}

/**
 * Goes through the queue in its order and admits what there is room for. Users take turns, and each user's starts keep
 * their order. One that needs less may pass one for which there is no room, but only `maxOvertakes` times: then that one is
 * the first, and its place admits no other before it.
 */
export function planAdmission(
  queue: readonly WaitingClaim[],
  room: Room,
  limits: AdmissionLimits,
): AdmissionPlan {
  const ledger = new Ledger(room.holding);
  const admitted: WaitingClaim[] = [];
  const waiting: { claim: WaitingClaim; shortage: Shortage }[] = [];
  const closed = new Set<string>();
  let allClosed = false;
  for (const claim of inOrder(queue, room, limits)) {
    const lacking = shortageOf(claim, ledger, room, limits);
    const shortage =
      lacking ?? (allClosed || closed.has(claim.place) ? ({ what: 'turn' } as const) : undefined);
    if (!shortage) {
      ledger.enter(claim);
      admitted.push(claim);
      continue;
    }
    waiting.push({ claim, shortage });
    // Others are not to wait for what a user has used up alone.
    if (claim.overtaken < limits.maxOvertakes || shortage.what === 'kernelsOfUser') continue;
    closed.add(claim.place);
    if (shortage.what === 'kernels') allClosed = true;
  }
  return {
    admitted,
    waiting: waiting.map(({ claim, shortage }, n) => ({
      claim,
      shortage,
      get wait() {
        return {
          position: n + 1,
          queued: waiting.length,
          shortage,
          wouldFree: wouldFree(claim, shortage, ledger, room, limits),
        };
      },
    })),
  };
}

/** Those of the queue that `admitted` passes: the first of each user that waits for the same and came earlier. */
export function overtakenBy(admitted: WaitingClaim, plan: AdmissionPlan): readonly WaitingClaim[] {
  const users = new Set<string>();
  return plan.waiting
    .filter(({ claim }) => !users.has(claim.username) && users.add(claim.username))
    .filter(
      ({ claim, shortage }) =>
        claim.ticket < admitted.ticket &&
        shortage.what !== 'kernelsOfUser' &&
        (claim.place === admitted.place || shortage.what === 'kernels'),
    )
    .map(({ claim }) => claim);
}

function inOrder(
  queue: readonly WaitingClaim[],
  room: Room,
  { maxOvertakes }: AdmissionLimits,
): readonly WaitingClaim[] {
  const rounds = new Map<string, number>();
  return queue
    .toSorted((a, b) => a.ticket - b.ticket)
    .map((claim) => {
      const round = (rounds.get(claim.username) ?? 0) + 1;
      rounds.set(claim.username, round);
      const isDue = round === 1 && claim.overtaken >= maxOvertakes;
      return { claim, round: isDue ? 0 : round, turn: isDue ? 0 : room.lastTurnOf(claim.username) };
    })
    .toSorted((a, b) => a.round - b.round || a.turn - b.turn || a.claim.ticket - b.claim.ticket)
    .map(({ claim }) => claim);
}

function shortageOf(claim: Claim, ledger: Ledger, room: Room, limits: AdmissionLimits): Shortage | undefined {
  const { maxKernels, maxKernelsPerUser } = limits;
  const ofUser = ledger.kernelsOf(claim.username);
  if (maxKernelsPerUser > 0 && ofUser >= maxKernelsPerUser) {
    return {
      what: 'kernelsOfUser',
      needs: 1,
      free: Math.max(0, maxKernelsPerUser - ofUser),
      total: maxKernelsPerUser,
    };
  }
  if (maxKernels > 0 && ledger.kernels >= maxKernels) {
    return { what: 'kernels', needs: 1, free: Math.max(0, maxKernels - ledger.kernels), total: maxKernels };
  }
  return shortageOfPlace(claim, ledger.takenAt(claim.place), room.capacityOf(claim.place));
}

/** Sums of fractions of processors are not exact. */
const cpuTolerance = 1e-6;

function shortageOfPlace(
  claim: Claim,
  taken: { readonly memoryBytes: number; readonly cpus: number },
  capacity: { readonly memoryBytes: number; readonly cpus: number } | undefined,
): Shortage | undefined {
  if (!capacity) return undefined;
  const memory = Math.max(0, capacity.memoryBytes - taken.memoryBytes);
  if (claim.memoryBytes > memory) {
    return { what: 'memory', needs: claim.memoryBytes, free: memory, total: capacity.memoryBytes };
  }
  const cpus = Math.max(0, capacity.cpus - taken.cpus);
  if (claim.cpus > cpus + cpuTolerance) {
    return { what: 'cpus', needs: claim.cpus, free: cpus, total: capacity.cpus };
  }
  return undefined;
}

function wouldFree(
  claim: Claim,
  shortage: Shortage,
  ledger: Ledger,
  room: Room,
  limits: AdmissionLimits,
): readonly string[] {
  if (shortage.what === 'turn') return [];
  return ledger
    .heldBy(claim.username)
    .filter((held) => {
      ledger.leave(held);
      const lacks = shortageOf(claim, ledger, room, limits);
      ledger.enter(held);
      return lacks === undefined;
    })
    .map(({ id }) => id);
}

/** Sums of what is taken. */
class Ledger {
  kernels = 0;
  readonly #ofUser = new Map<string, number>();
  readonly #ofPlace = new Map<string, { memoryBytes: number; cpus: number }>();
  readonly #held = new Map<string, Claim[]>();

  constructor(holding: readonly Claim[]) {
    for (const claim of holding) {
      this.enter(claim);
      const held = this.#held.get(claim.username);
      if (held) held.push(claim);
      else this.#held.set(claim.username, [claim]);
    }
  }

  enter(claim: Claim): void {
    this.#add(claim, 1);
  }
  leave(claim: Claim): void {
    this.#add(claim, -1);
  }
  kernelsOf(username: string): number {
    return this.#ofUser.get(username) ?? 0;
  }
  takenAt(place: string): { readonly memoryBytes: number; readonly cpus: number } {
    return this.#ofPlace.get(place) ?? { memoryBytes: 0, cpus: 0 };
  }
  /** What a user had before anybody of the queue was admitted. */
  heldBy(username: string): readonly Claim[] {
    return this.#held.get(username) ?? [];
  }

  #add({ username, place, memoryBytes, cpus }: Claim, sign: 1 | -1): void {
    this.kernels += sign;
    this.#ofUser.set(username, this.kernelsOf(username) + sign);
    const taken = this.takenAt(place);
    this.#ofPlace.set(place, {
      memoryBytes: taken.memoryBytes + sign * memoryBytes,
      cpus: taken.cpus + sign * cpus,
    });
  }
}
