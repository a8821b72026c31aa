import {
  admit,
  neverFits,
  overtakenBy,
  planAdmission,
  type AdmissionLimits,
  type Claim,
  type Room,
  type Wait,
  type WaitingClaim,
} from './admission.ts';
import { neverFitsInWords, refusalOf } from './admission-words.ts';
import type { Capacities } from './capacities.ts';
import type { KernelRecord } from './kernel-record.ts';

/** What the queue sees of a kernel, and does to it. `Kernel` is one. */
export interface QueuedKernel {
  readonly id: string;
  readonly claim: WaitingClaim;
  readonly isWaiting: boolean;
  readonly holdsRoom: boolean;
  admit(turn: number): void;
  overtake(): void;
  refuse(message: string): void;
  holdUp(wait: Wait, options: { readonly tell: boolean }): void;
}

export interface KernelQueueOptions {
  readonly kernels: () => Iterable<QueuedKernel>;
  readonly capacities: Capacities;
  readonly limits: AdmissionLimits & {
    /** While kernels wait, their places are asked this often whether they have more room. */
    readonly capacityIntervalMs: number;
    /** At most so often a waiting kernel's new position is told. */
    readonly positionIntervalMs: number;
  };
}

/** How many starts there were since the server began, by what became of them at once. */
export interface QueueCounts {
  /** Now. */
  readonly queued: number;
  readonly starts: { readonly admitted: number; readonly queued: number; readonly refused: number };
}

/** How many users' turns are remembered beyond those that have kernels. */
const maxTurns = 10_000;

/** Lets kernels start as there is room for them: does what `admission.ts` decides. */
export class KernelQueue {
  readonly #options: KernelQueueOptions;
  readonly #waiting = new Set<QueuedKernel>();
  /** What those who wait were last told. */
  readonly #told = new Map<QueuedKernel, Wait>();
  readonly #turns = new Map<string, number>();
  /** Of tickets and of turns alike. */
  #lastNumber = 0;
  /** The look through the queue that is to come. */
  #coming: Promise<void> | undefined;
  /** As long as nobody comes, goes or is overtaken. */
  #claimsNow: readonly WaitingClaim[] | undefined;
  #isClosed = false;
  #tellTimer: NodeJS.Timeout | undefined;
  #capacityTimer: NodeJS.Timeout | undefined;
  readonly #starts = { admitted: 0, queued: 0, refused: 0 };

  constructor(options: KernelQueueOptions) {
    this.#options = options;
  }

  get counts(): QueueCounts {
    return { queued: this.#waiting.size, starts: { ...this.#starts } };
  }

  /** Takes over whose turn it was from what a former server wrote down. */
  recall(records: readonly KernelRecord[]): void {
    const turns = records.flatMap(({ username, admission }) => {
      if (admission) this.#lastNumber = Math.max(this.#lastNumber, admission.ticket, admission.turn ?? 0);
      return admission?.turn === undefined ? [] : [{ username, turn: admission.turn }];
    });
    for (const { username, turn } of turns.toSorted((a, b) => a.turn - b.turn))
      this.#noteTurn(username, turn);
  }

  /**
   * Takes a start that has just been asked for. The caller makes the kernel at once, before anything else happens: `turn`,
   * if it may start. Throws KERNEL_NEVER_FITS, KERNEL_QUEUE_FULL or KERNEL_TOO_MANY_QUEUED.
   */
  enter(asked: Claim): { readonly ticket: number; readonly overtaken: 0; readonly turn?: number } {
    const ticket = ++this.#lastNumber;
    const claim: WaitingClaim = { ...asked, ticket, overtaken: 0 };
    const room = this.#room();
    const queue = this.#claims();
    const decision = admit(claim, queue, room, this.#options.limits);
    const refusal = refusalOf(decision);
    if (refusal) {
      this.#starts.refused++;
      throw refusal;
    }
    if (decision.type !== 'admitted') {
      this.#starts.queued++;
      return { ticket, overtaken: 0 };
    }
    this.#starts.admitted++;
    if (queue.length > 0)
      this.#passOthers(claim, planAdmission([...queue, claim], room, this.#options.limits));
    const turn = ++this.#lastNumber;
    this.#noteTurn(claim.username, turn);
    return { ticket, overtaken: 0, turn };
  }

  /** As `enter`, for a dead kernel that is to start again; it stands in the queue in any case, until nothing is left of it. */
  reenter(kernel: QueuedKernel): number {
    const ticket = ++this.#lastNumber;
    const decision = admit(
      { ...kernel.claim, ticket, overtaken: 0 },
      this.#claims(),
      this.#room(kernel),
      this.#options.limits,
    );
    const refusal = refusalOf(decision);
    if (refusal) {
      this.#starts.refused++;
      throw refusal;
    }
    this.#starts[decision.type === 'admitted' ? 'admitted' : 'queued']++;
    return ticket;
  }

  /** A kernel has begun to wait or ceased to, or it may have made room. */
  onRoom(kernel: QueuedKernel): void {
    this.#claimsNow = undefined;
    if (kernel.isWaiting) this.#waiting.add(kernel);
    else this.#leave(kernel);
    this.schedule();
  }

  /** Not among the kernels any more. */
  forget(kernel: QueuedKernel): void {
    this.#leave(kernel);
    this.schedule();
  }

  /** Looks through the queue soon: once, however much has happened. */
  schedule(): void {
    if (this.#coming || this.#isClosed || this.#waiting.size === 0) return;
    this.#coming = new Promise((resolve) => {
      setImmediate(() => {
        this.#coming = undefined;
        if (!this.#isClosed) this.#pass();
        resolve();
      });
    });
  }

  /** Resolves when those who have come know whether they have to wait, and why. */
  async passed(): Promise<void> {
    await this.#coming;
  }

  /** Admits nobody any more. What waits is the next server's. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#tellTimer);
    clearTimeout(this.#capacityTimer);
  }

  #pass(): void {
    const { limits } = this.#options;
    const room = this.#room();
    for (const kernel of this.#waiting) {
      // Its place may have become smaller since it was asked for.
      const shortage = neverFits(kernel.claim, room);
      if (shortage) kernel.refuse(neverFitsInWords(shortage));
    }
    const byId = new Map([...this.#waiting].map((kernel) => [kernel.id, kernel]));
    const plan = planAdmission(this.#claims(), room, limits);
    for (const claim of plan.admitted) {
      this.#passOthers(claim, plan);
      const turn = ++this.#lastNumber;
      this.#noteTurn(claim.username, turn);
      byId.get(claim.id)?.admit(turn);
    }
    for (const waiting of plan.waiting) {
      const kernel = byId.get(waiting.claim.id);
      if (!kernel || this.#told.has(kernel)) continue;
      const { wait } = waiting;
      this.#told.set(kernel, wait);
      kernel.holdUp(wait, { tell: true });
    }
    if (this.#waiting.size > 0) this.#tellSoon();
    this.#watchCapacities();
  }

  #passOthers(claim: WaitingClaim, plan: ReturnType<typeof planAdmission>): void {
    const passed = new Set(overtakenBy(claim, plan).map(({ id }) => id));
    if (passed.size === 0) return;
    this.#claimsNow = undefined;
    for (const kernel of this.#waiting) if (passed.has(kernel.id)) kernel.overtake();
  }

  /** A queue that moves moves for all who stand in it: each is told now and then. */
  #tellSoon(): void {
    this.#tellTimer ??= setTimeout(() => {
      this.#tellTimer = undefined;
      const plan = planAdmission(this.#claims(), this.#room(), this.#options.limits);
      const byId = new Map([...this.#waiting].map((kernel) => [kernel.id, kernel]));
      for (const { claim, wait } of plan.waiting) {
        const kernel = byId.get(claim.id);
        const told = kernel && this.#told.get(kernel);
        if (!told) continue;
        const tell = isNews(told, wait);
        if (tell) this.#told.set(kernel, wait);
        kernel.holdUp(wait, { tell });
      }
    }, this.#options.limits.positionIntervalMs).unref();
  }

  #watchCapacities(): void {
    if (this.#waiting.size === 0) return;
    const { capacities, limits } = this.#options;
    this.#capacityTimer ??= setTimeout(() => {
      this.#capacityTimer = undefined;
      void capacities.lookAll().then(() => this.schedule());
    }, limits.capacityIntervalMs).unref();
  }

  #leave(kernel: QueuedKernel): void {
    this.#claimsNow = undefined;
    this.#waiting.delete(kernel);
    this.#told.delete(kernel);
  }

  #noteTurn(username: string, turn: number): void {
    // Anew, so that the first of the map is who had no turn for longest.
    this.#turns.delete(username);
    this.#turns.set(username, turn);
    if (this.#turns.size <= maxTurns) return;
    const [oldest] = this.#turns.keys();
    this.#turns.delete(oldest!);
  }

  /** Of those who wait. Kept, because of a burst most are refused, which changes nothing. */
  #claims(): readonly WaitingClaim[] {
    return (this.#claimsNow ??= [...this.#waiting].map(({ claim }) => claim));
  }

  #room(but?: QueuedKernel): Room {
    const holding: Claim[] = [];
    for (const kernel of this.#options.kernels()) {
      if (kernel.holdsRoom && kernel !== but) holding.push(kernel.claim);
    }
    return {
      holding,
      capacityOf: (place) => this.#options.capacities.of(place),
      lastTurnOf: (username) => this.#turns.get(username) ?? 0,
    };
  }
}

function isNews(told: Wait, now: Wait): boolean {
  return (
    told.position !== now.position ||
    told.shortage.what !== now.shortage.what ||
    told.wouldFree.length !== now.wouldFree.length ||
    told.wouldFree.some((id, n) => id !== now.wouldFree[n])
  );
}
