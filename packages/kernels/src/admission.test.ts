import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { neverFitsInWords, refusalOf, waitInWords } from './admission-words.ts';
import {
  admit,
  overtakenBy,
  planAdmission,
  type AdmissionLimits,
  type Claim,
  type Room,
  type WaitingClaim,
} from './admission.ts';

const gib = 2 ** 30;
const limits: AdmissionLimits = {
  maxKernels: 0,
  maxKernelsPerUser: 0,
  maxQueued: 100,
  maxQueuedPerUser: 50,
  maxOvertakes: 3,
};
let tickets = 0;
function claim(fields: Partial<WaitingClaim> = {}): WaitingClaim {
  const ticket = ++tickets;
  return {
    id: `k${ticket}`,
    username: 'ada',
    place: 'local',
    memoryBytes: gib,
    cpus: 0.1,
    ticket,
    overtaken: 0,
    ...fields,
  };
}
function room(holding: readonly Claim[] = [], fields: Partial<Room> = {}): Room {
  return { holding, capacityOf: () => ({ memoryBytes: 4 * gib, cpus: 4 }), lastTurnOf: () => 0, ...fields };
}
const ids = (claims: readonly Claim[]): string[] => claims.map(({ id }) => id);

describe('a start', () => {
  test('[Q1] is admitted when its requests fit beside those of all others', () => {
    const holding = [claim(), claim(), claim()];
    expect(admit(claim(), [], room(holding), limits)).toEqual({ type: 'admitted' });
  });

  test('[Q1] is queued when they do not, with the numbers and what would make room', () => {
    const mine = claim({ memoryBytes: 2 * gib });
    const decision = admit(
      claim({ memoryBytes: 2 * gib }),
      [],
      room([mine, claim({ memoryBytes: gib / 2 }), claim({ username: 'bob' })]),
      limits,
    );
    expect(decision).toEqual({
      type: 'queued',
      wait: {
        position: 1,
        queued: 1,
        shortage: { what: 'memory', needs: 2 * gib, free: gib / 2, total: 4 * gib },
        wouldFree: [mine.id],
      },
    });
    expect(decision.type === 'queued' && waitInWords(decision.wait)).toBe(
      'The only one in the queue: it needs 2.0 GiB of memory; 0.5 GiB of 4.0 GiB is free. Shutting down your other kernel would make room.',
    );
  });

  test('[Q1] that needs processors is queued for them; sums of fractions are exact enough', () => {
    const tenth = { memoryBytes: 0, cpus: 0.1 };
    const holding = Array.from({ length: 39 }, () => claim(tenth));
    expect(admit(claim(tenth), [], room(holding), limits).type).toBe('admitted');
    holding.push(claim(tenth));
    expect(admit(claim(tenth), [], room(holding), limits)).toMatchObject({
      type: 'queued',
      wait: { shortage: { what: 'cpus', needs: 0.1 } },
    });
  });

  test('[Q2] that fits nowhere is refused at once, with the numbers', () => {
    const decision = admit(claim({ memoryBytes: 8 * gib }), [], room(), limits);
    expect(decision).toEqual({
      type: 'neverFits',
      shortage: { what: 'memory', needs: 8 * gib, free: 4 * gib, total: 4 * gib },
    });
    expect(refusalOf(decision)).toMatchObject({
      code: 'KERNEL_NEVER_FITS',
      message:
        'The kernel can never start here: it asks for 8.0 GiB of memory, and all kernels together may have 4.0 GiB.',
    });
    expect(neverFitsInWords({ what: 'cpus', needs: 6.5, free: 4, total: 4 })).toContain('6.5 processors');
  });

  test('[Q3] over the number of kernels, of all or of a user, is queued; another user is not', () => {
    const holding = [claim(), claim()];
    const perUser = { ...limits, maxKernelsPerUser: 2 };
    expect(admit(claim(), [], room(holding), perUser)).toMatchObject({
      type: 'queued',
      wait: { shortage: { what: 'kernelsOfUser', needs: 1, free: 0, total: 2 }, wouldFree: ids(holding) },
    });
    expect(admit(claim({ username: 'bob' }), [claim()], room(holding), perUser).type).toBe('admitted');
    expect(admit(claim({ username: 'bob' }), [], room(holding), { ...limits, maxKernels: 2 })).toMatchObject({
      type: 'queued',
      wait: { shortage: { what: 'kernels', needs: 1, free: 0, total: 2 }, wouldFree: [] },
    });
  });

  test('[Q4] is refused when the queue is full, of all or of its user; not one for which there is room', () => {
    const holding = [claim({ memoryBytes: 4 * gib })];
    const queue = [claim(), claim({ username: 'bob' })];
    const full = admit(claim({ username: 'eve' }), queue, room(holding), { ...limits, maxQueued: 2 });
    expect(refusalOf(full)).toMatchObject({ code: 'KERNEL_QUEUE_FULL' });
    const ofUser = admit(claim(), queue, room(holding), { ...limits, maxQueuedPerUser: 1 });
    expect(refusalOf(ofUser)).toMatchObject({ code: 'KERNEL_TOO_MANY_QUEUED' });
    const elsewhere = claim({ place: 'cluster' });
    expect(admit(elsewhere, queue, room(holding), { ...limits, maxQueued: 2 }).type).toBe('admitted');
  });

  test('[Q1] at a place that does not say what it has is admitted', () => {
    const open = room([claim()], { capacityOf: () => undefined });
    expect(admit(claim({ memoryBytes: 2 ** 50 }), [], open, limits).type).toBe('admitted');
  });
});

describe('the queue', () => {
  const small = { memoryBytes: 4 * gib };

  test('[Q5] admits in the order of arrival', () => {
    const queue = [claim(), claim(), claim(), claim(), claim(), claim()];
    const plan = planAdmission(queue.toReversed(), room(), limits);
    expect(ids(plan.admitted)).toEqual(ids(queue.slice(0, 4)));
    expect(plan.waiting.map(({ claim: { id }, wait }) => [id, wait.position])).toEqual([
      [queue[4]!.id, 1],
      [queue[5]!.id, 2],
    ]);
  });

  test("[Q5] lets users take turns: one user's long queue does not keep another waiting", () => {
    const queue = [
      ...Array.from({ length: 30 }, () => claim(small)),
      ...Array.from({ length: 2 }, () => claim({ ...small, username: 'bob' })),
    ];
    const turns = new Map([['ada', 7]]);
    const order: string[] = [];
    let left: readonly WaitingClaim[] = queue;
    for (let turn = 8; left.length > 28; turn++) {
      const { admitted } = planAdmission(
        left,
        room([], { lastTurnOf: (user) => turns.get(user) ?? 0 }),
        limits,
      );
      expect(admitted).toHaveLength(1);
      order.push(admitted[0]!.username);
      turns.set(admitted[0]!.username, turn);
      left = left.filter((one) => one !== admitted[0]);
    }
    expect(order).toEqual(['bob', 'ada', 'bob', 'ada']);
  });

  test('[Q6] lets one that needs less pass, but not for ever', () => {
    const holding = [claim({ memoryBytes: 2 * gib })];
    const big = claim({ memoryBytes: 3 * gib });
    const little = claim({ username: 'bob' });
    const plan = planAdmission([big, little], room(holding), limits);
    expect(ids(plan.admitted)).toEqual([little.id]);
    expect(ids(overtakenBy(little, plan))).toEqual([big.id]);
    const tired = { ...big, overtaken: limits.maxOvertakes };
    const later = planAdmission([tired, little], room(holding), limits);
    expect(later.admitted).toEqual([]);
    expect(later.waiting.map(({ wait }) => wait.shortage.what)).toEqual(['memory', 'turn']);
    expect(waitInWords(later.waiting[1]!.wait)).toBe(
      'Number 2 of 2 in the queue: there is room, but a kernel that needs more has waited for longer.',
    );
    // Elsewhere there is no reason to wait for it.
    expect(planAdmission([tired, claim({ place: 'cluster' })], room(holding), limits).admitted).toHaveLength(
      1,
    );
  });

  test('[Q6] does not make others wait for a user who is at the own limit', () => {
    const perUser = { ...limits, maxKernelsPerUser: 1 };
    const queue = [claim({ overtaken: 99 }), claim({ username: 'bob' })];
    const plan = planAdmission(queue, room([claim()]), perUser);
    expect(ids(plan.admitted)).toEqual([queue[1]!.id]);
    expect(overtakenBy(queue[1]!, plan)).toEqual([]);
  });
});

const anyClaims = fc.array(
  fc.record({
    username: fc.constantFrom('ada', 'bob', 'eve'),
    memoryBytes: fc.integer({ min: 0, max: 4 }).map((n) => n * gib),
    cpus: fc.integer({ min: 0, max: 40 }).map((n) => n / 10),
  }),
  { maxLength: 30 },
);

test('[Q7] whatever is asked for: never more is admitted than there is, and nothing is lost', () => {
  fc.assert(
    fc.property(anyClaims, fc.integer({ min: 0, max: 5 }), (asked, maxKernels) => {
      const queue = asked.map((fields) => claim(fields));
      const plan = planAdmission(queue, room(), { ...limits, maxKernels });
      expect([...ids(plan.admitted), ...plan.waiting.map((one) => one.claim.id)].toSorted()).toEqual(
        ids(queue).toSorted(),
      );
      const sum = (of: (one: Claim) => number): number =>
        plan.admitted.reduce((all, one) => all + of(one), 0);
      expect(sum((one) => one.memoryBytes)).toBeLessThanOrEqual(4 * gib);
      expect(sum((one) => one.cpus)).toBeLessThanOrEqual(4 + 1e-6);
      if (maxKernels > 0) expect(plan.admitted.length).toBeLessThanOrEqual(maxKernels);
      // An idle machine has room for whoever is first.
      if (queue.length > 0) expect(plan.admitted.length).toBeGreaterThan(0);
    }),
  );
});

test('[Q7] nobody starves: whoever waits is admitted after a bounded number of admissions, whatever comes later', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(9), fc.integer({ min: 1, max: 3 }), fc.boolean()), {
        minLength: 60,
        maxLength: 60,
      }),
      (arrivals) => {
        const big = claim({ memoryBytes: 4 * gib });
        let queue: WaitingClaim[] = [big];
        let holding: Claim[] = [claim({ username: 'old' })];
        let passed = 0;
        const turns = new Map<string, number>();
        for (const [user, memory, ends] of arrivals) {
          if (ends) holding = holding.slice(1);
          // New users all the time: none of them has ever had a turn.
          queue.push(claim({ username: `u${user}-${queue.length}`, memoryBytes: memory * gib }));
          const plan = planAdmission(
            queue,
            room(holding, { lastTurnOf: (name) => turns.get(name) ?? 0 }),
            limits,
          );
          if (plan.admitted.some(({ id }) => id === big.id)) return;
          passed += plan.admitted.length;
          for (const one of plan.admitted) {
            turns.set(one.username, ++tickets);
            const over = new Set(ids(overtakenBy(one, plan)));
            queue = queue.map((waits) =>
              over.has(waits.id) ? { ...waits, overtaken: waits.overtaken + 1 } : waits,
            );
          }
          queue = queue.filter(({ id }) => !plan.admitted.some((one) => one.id === id));
          holding = [...holding, ...plan.admitted];
          // What is admitted in one go may be up to what fits.
          expect(passed).toBeLessThanOrEqual(limits.maxOvertakes + 4);
        }
      },
    ),
  );
});
