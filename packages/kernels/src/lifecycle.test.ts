import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KernelError } from './kernel-error.ts';
import { deadlineOf, type KernelState } from './kernel-state.ts';
import type { Effect, KernelEvent, LifecyclePolicy } from './lifecycle-events.ts';
import { begin, destroyRetryMs } from './lifecycle-steps.ts';
import { transition } from './lifecycle.ts';
import type { Exit } from './provisioner.ts';

const policy: LifecyclePolicy = {
  autoRestart: true,
  restartLimit: 2,
  stableAfterMs: 10_000,
  launchAttempts: 3,
  launchTimeoutMs: 60_000,
  replyTimeoutMs: 600_000,
  shutdownGraceMs: 5000,
};
const at = 1_000_000;
const crashed: Exit = { reason: 'exited', code: 1, message: 'exited with code 1', lastLines: ['boom'] };
const failure = new KernelError('KERNEL_LAUNCH_FAILED', 'the program /no/such is not there');

/** A state with its step, if it has steps: each has a row of its own. */
type Situation = SituationOf<KernelState>;
type SituationOf<S> = S extends { status: infer A extends string; step: infer B extends string }
  ? `${A}/${B}`
  : S extends { status: infer A extends string }
    ? A
    : never;

type Expected = 'ignored' | { readonly to: Situation; readonly does: readonly Effect['type'][] };

const states: Record<Situation, KernelState> = {
  'queued/waiting': { status: 'queued', step: 'waiting' },
  'queued/ending': { status: 'queued', step: 'ending', until: at + 1 },
  'launching/starting': { status: 'launching', step: 'starting', attempt: 1, until: at + 1 },
  'launching/connecting': { status: 'launching', step: 'connecting', attempt: 1, until: at + 1 },
  running: { status: 'running', since: at - 1000, restarts: 0 },
  'restarting/asking': {
    status: 'restarting',
    step: 'asking',
    by: 'client',
    attempt: 1,
    restarts: 0,
    until: at + 1,
  },
  'restarting/ending': {
    status: 'restarting',
    step: 'ending',
    by: 'client',
    attempt: 1,
    restarts: 0,
    until: at + 1,
  },
  'restarting/starting': {
    status: 'restarting',
    step: 'starting',
    by: 'client',
    attempt: 1,
    restarts: 0,
    until: at + 1,
  },
  'restarting/connecting': {
    status: 'restarting',
    step: 'connecting',
    by: 'death',
    attempt: 1,
    restarts: 1,
    until: at + 1,
  },
  'stopping/asking': { status: 'stopping', step: 'asking', reason: 'client', until: at + 1 },
  'stopping/ending': { status: 'stopping', step: 'ending', reason: 'client', until: at + 1 },
  'stopping/aborting': { status: 'stopping', step: 'aborting', reason: 'client', until: at + 1 },
  lost: { status: 'lost', message: 'node away', since: at - 1000, restarts: 0 },
  dead: { status: 'dead', death: { reason: 'exited', message: 'exited with code 1.', at: at - 5 } },
};

const events: { [T in KernelEvent['type']]: Extract<KernelEvent, { type: T }> } = {
  admitted: { type: 'admitted', at },
  refused: { type: 'refused', at, message: 'It needs 8 GiB of 4 GiB.' },
  launched: { type: 'launched', at },
  launchFailed: { type: 'launchFailed', at, error: failure, mayPass: false },
  answered: { type: 'answered', at },
  exited: { type: 'exited', at, exit: crashed, mayPass: false },
  destroyed: { type: 'destroyed', at },
  lost: { type: 'lost', at, message: 'node away' },
  found: { type: 'found', at },
  restartRequested: { type: 'restartRequested', at },
  stopRequested: { type: 'stopRequested', at, reason: 'client', force: false },
  deadline: { type: 'deadline', at },
};

const nothing = {
  admitted: 'ignored',
  refused: 'ignored',
  launched: 'ignored',
  launchFailed: 'ignored',
  answered: 'ignored',
  exited: 'ignored',
  destroyed: 'ignored',
  lost: 'ignored',
  found: 'ignored',
  restartRequested: 'ignored',
  stopRequested: 'ignored',
  deadline: 'ignored',
} as const;

const table: Record<Situation, Record<KernelEvent['type'], Expected>> = {
  'queued/waiting': {
    ...nothing,
    admitted: { to: 'launching/starting', does: ['launch'] },
    refused: { to: 'dead', does: ['closeClients'] },
    launched: { to: 'queued/ending', does: ['destroy'] },
    stopRequested: { to: 'dead', does: ['closeClients'] },
  },
  'queued/ending': {
    ...nothing,
    destroyed: { to: 'queued/waiting', does: [] },
    stopRequested: { to: 'stopping/ending', does: [] },
    deadline: { to: 'queued/ending', does: ['destroy'] },
  },
  'launching/starting': {
    ...nothing,
    launched: { to: 'launching/connecting', does: ['connect'] },
    launchFailed: { to: 'dead', does: ['closeClients'] },
    stopRequested: { to: 'stopping/aborting', does: ['abortLaunch'] },
    deadline: { to: 'dead', does: ['abortLaunch', 'closeClients'] },
  },
  'launching/connecting': {
    ...nothing,
    answered: { to: 'running', does: [] },
    exited: { to: 'dead', does: ['disconnect', 'destroy', 'closeClients'] },
    restartRequested: { to: 'restarting/ending', does: ['announce', 'disconnect', 'destroy'] },
    stopRequested: { to: 'stopping/ending', does: ['disconnect', 'destroy'] },
    deadline: { to: 'dead', does: ['disconnect', 'destroy', 'closeClients'] },
  },
  running: {
    ...nothing,
    exited: { to: 'restarting/ending', does: ['announce', 'disconnect', 'destroy'] },
    lost: { to: 'lost', does: [] },
    restartRequested: { to: 'restarting/asking', does: ['askToShutDown'] },
    stopRequested: { to: 'stopping/asking', does: ['askToShutDown'] },
  },
  'restarting/asking': {
    ...nothing,
    exited: { to: 'restarting/ending', does: ['announce', 'disconnect', 'destroy'] },
    stopRequested: { to: 'stopping/ending', does: ['disconnect', 'destroy'] },
    deadline: { to: 'restarting/ending', does: ['announce', 'disconnect', 'destroy'] },
  },
  'restarting/ending': {
    ...nothing,
    destroyed: { to: 'restarting/starting', does: ['launch'] },
    stopRequested: { to: 'stopping/ending', does: [] },
    deadline: { to: 'restarting/ending', does: ['destroy'] },
  },
  'restarting/starting': {
    ...nothing,
    launched: { to: 'restarting/connecting', does: ['connect'] },
    launchFailed: { to: 'dead', does: ['closeClients'] },
    stopRequested: { to: 'stopping/aborting', does: ['abortLaunch'] },
    deadline: { to: 'dead', does: ['abortLaunch', 'closeClients'] },
  },
  'restarting/connecting': {
    ...nothing,
    answered: { to: 'running', does: [] },
    exited: { to: 'dead', does: ['disconnect', 'destroy', 'closeClients'] },
    restartRequested: { to: 'restarting/ending', does: ['announce', 'disconnect', 'destroy'] },
    stopRequested: { to: 'stopping/ending', does: ['disconnect', 'destroy'] },
    deadline: { to: 'dead', does: ['disconnect', 'destroy', 'closeClients'] },
  },
  'stopping/asking': {
    ...nothing,
    exited: { to: 'stopping/ending', does: ['disconnect', 'destroy'] },
    deadline: { to: 'stopping/ending', does: ['disconnect', 'destroy'] },
  },
  'stopping/ending': {
    ...nothing,
    destroyed: { to: 'dead', does: ['closeClients'] },
    deadline: { to: 'stopping/ending', does: ['destroy'] },
  },
  'stopping/aborting': {
    ...nothing,
    launched: { to: 'stopping/ending', does: ['disconnect', 'destroy'] },
    launchFailed: { to: 'dead', does: ['closeClients'] },
    deadline: { to: 'stopping/aborting', does: ['abortLaunch'] },
  },
  lost: {
    ...nothing,
    exited: { to: 'restarting/ending', does: ['announce', 'disconnect', 'destroy'] },
    found: { to: 'running', does: [] },
    restartRequested: { to: 'restarting/ending', does: ['announce', 'disconnect', 'destroy'] },
    stopRequested: { to: 'stopping/ending', does: ['disconnect', 'destroy'] },
  },
  dead: {
    ...nothing,
    launched: { to: 'dead', does: ['destroy'] },
    restartRequested: { to: 'queued/ending', does: ['announce', 'disconnect', 'destroy'] },
  },
};

const situations = Object.keys(table) as Situation[];
const eventTypes = Object.keys(events) as KernelEvent['type'][];

function situationOf(state: KernelState): Situation {
  return ('step' in state ? `${state.status}/${state.step}` : state.status) as Situation;
}

describe('[K1] what each event makes of each state', () => {
  for (const situation of situations) {
    for (const type of eventTypes) {
      const expected = table[situation][type];
      const words = expected === 'ignored' ? 'is ignored' : `leads to ${expected.to}`;
      test(`${type} while ${situation} ${words}`, () => {
        const before = states[situation];
        const { state, effects } = transition(before, events[type], policy);
        if (expected === 'ignored') {
          expect(state).toBe(before);
          expect(effects).toEqual([]);
        } else {
          expect(situationOf(state)).toBe(expected.to);
          expect(effects.map((effect) => effect.type)).toEqual(expected.does);
        }
      });
    }
  }
});

const exit = (fields: Partial<Exit>, mayPass = false): KernelEvent => ({
  type: 'exited',
  at,
  exit: { ...crashed, ...fields },
  mayPass,
});

test.each(['outOfMemory', 'destroyed', 'imageUnavailable'] as const)(
  '[K2] a running kernel that ends by %s is dead for that reason, not restarted',
  (reason) => {
    const { state } = transition(states.running, exit({ reason, message: 'used 2.0 of 2.0 GiB' }), policy);
    expect(state).toMatchObject({
      status: 'dead',
      death: { reason, message: 'The kernel ended: used 2.0 of 2.0 GiB.', lastLines: ['boom'] },
    });
  },
);

test('[K3] a kernel that dies again and again is restarted up to the limit, then dead with its last reason', () => {
  let state: KernelState = { status: 'running', since: at, restarts: 0 };
  for (let n = 1; n <= policy.restartLimit; n++) {
    state = transition(state, exit({}), policy).state;
    expect(state).toMatchObject({ status: 'restarting', by: 'death', restarts: n });
    for (const type of ['destroyed', 'launched', 'answered'] as const)
      state = transition(state, events[type], policy).state;
    expect(state).toEqual({ status: 'running', since: at, restarts: n });
  }
  expect(transition(state, exit({}), policy).state).toMatchObject({
    status: 'dead',
    death: { reason: 'exited', code: 1, message: 'The kernel died 3 times in a row: exited with code 1.' },
  });
});

test('[K3] a kernel that lived long enough starts counting anew', () => {
  const old: KernelState = {
    status: 'running',
    since: at - policy.stableAfterMs,
    restarts: policy.restartLimit,
  };
  expect(transition(old, exit({}), policy).state).toMatchObject({ status: 'restarting', restarts: 1 });
});

test('[K3] without automatic restarts, the first death is the last', () => {
  const { state } = transition(states.running, exit({}), { ...policy, autoRestart: false });
  expect(state).toMatchObject({
    status: 'dead',
    death: { message: 'The kernel ended: exited with code 1.' },
  });
});

test('[K4] a launch that fails for good is dead at once, with the reason', () => {
  const { state } = transition(states['launching/starting'], events.launchFailed, policy);
  expect(state).toMatchObject({
    status: 'dead',
    death: { reason: 'launchFailed', message: 'the program /no/such is not there.' },
  });
});

test('[K4] a launch whose failure may pass is tried as often as the policy says', () => {
  let { state } = begin(at, policy);
  const fails: KernelEvent = { ...events.launchFailed, mayPass: true };
  const launches = [1];
  for (;;) {
    const next = transition(state, fails, policy);
    state = next.state;
    if (state.status === 'dead') break;
    launches.push(next.effects.filter((effect) => effect.type === 'launch').length);
  }
  expect(launches).toEqual([1, 1, 1]);
});

test('[K4] a kernel that dies before its first reply is tried again only if what ended it may pass', () => {
  expect(transition(states['launching/connecting'], exit({}), policy).state).toMatchObject({
    status: 'dead',
    death: { message: 'The kernel died before it was ready: exited with code 1.' },
  });
  let state = states['launching/connecting'];
  for (let attempt = 2; attempt <= policy.launchAttempts; attempt++) {
    state = transition(state, exit({}, true), policy).state;
    expect(state).toMatchObject({ status: 'restarting', step: 'ending', attempt });
    for (const type of ['destroyed', 'launched'] as const)
      state = transition(state, events[type], policy).state;
  }
  expect(transition(state, exit({}, true), policy).state.status).toBe('dead');
});

test('[K5] a kernel that exits while stopping is dead for the reason it was stopped', () => {
  let state: KernelState = { status: 'stopping', step: 'asking', reason: 'culled', until: at + 1 };
  state = transition(state, exit({ reason: 'outOfMemory' }), policy).state;
  expect(state.status).toBe('stopping');
  state = transition(state, events.destroyed, policy).state;
  expect(state).toMatchObject({ status: 'dead', death: { reason: 'culled' } });
});

test('[K6] force goes past the asking, and shortens an end that is under way', () => {
  const force: KernelEvent = { ...events.stopRequested, force: true };
  for (const situation of [
    'running',
    'stopping/asking',
    'stopping/ending',
    'restarting/ending',
    'queued/ending',
  ] as const) {
    const { state, effects } = transition(states[situation], force, policy);
    expect(situationOf(state)).toBe('stopping/ending');
    expect(effects).toContainEqual({ type: 'destroy', graceMs: 0 });
  }
});

test('[K7] a start that takes too long says which limit it passed', () => {
  const deaths = (['launching/starting', 'launching/connecting'] as const).map((situation) => {
    const { state } = transition(states[situation], events.deadline, policy);
    return state.status === 'dead' ? [state.death.reason, state.death.message] : state.status;
  });
  expect(deaths).toEqual([
    ['launchTimeout', 'The kernel did not start within 60 s.'],
    ['noReply', 'The kernel started, but did not answer within 600 s.'],
  ]);
});

const anyEvent: fc.Arbitrary<KernelEvent> = fc
  .record({
    type: fc.constantFrom(...eventTypes),
    mayPass: fc.boolean(),
    force: fc.boolean(),
    reason: fc.constantFrom('exited' as const, 'outOfMemory' as const, 'nodeLost' as const),
  })
  .map(({ type, mayPass, force, reason }) => {
    const event = events[type];
    if (event.type === 'exited') return { ...event, mayPass, exit: { ...crashed, reason } };
    if (event.type === 'launchFailed') return { ...event, mayPass };
    if (event.type === 'stopRequested') return { ...event, force };
    return event;
  });
const anyState = fc.constantFrom(...situations).map((situation) => states[situation]);

test('[K8] an event without effects either changes the state or leaves it by reference', () => {
  fc.assert(
    fc.property(anyState, anyEvent, (state, event) => {
      const next = transition(state, event, policy);
      if (next.effects.length === 0 && next.state.status === state.status) {
        const changed = situationOf(next.state) !== situationOf(state);
        expect(next.state === state || changed).toBe(true);
      }
    }),
  );
});

test('[K8] asking for the same again changes nothing more', () => {
  fc.assert(
    fc.property(anyState, fc.constantFrom(events.stopRequested, events.restartRequested), (state, event) => {
      const once = transition(state, event, policy).state;
      const twice = transition(once, event, policy);
      expect(situationOf(twice.state)).toBe(situationOf(once));
      expect(twice.effects).toEqual([]);
    }),
  );
});

/**
 * A shell that does what `transition` says, and a place that obeys it. It knows what really is there; the events that can
 * happen follow from that.
 */
class Model {
  state: KernelState;
  now = 0;
  processes = 0;
  launching = false;
  connected = false;
  answered = false;
  stopAsked = false;
  launches = 0;

  constructor() {
    const first = begin(this.now, policy);
    this.state = first.state;
    this.do(first.effects);
  }

  send(event: KernelEvent extends infer E ? (E extends KernelEvent ? Omit<E, 'at'> : never) : never): void {
    const { state, effects } = transition(this.state, { ...event, at: this.now }, policy);
    this.state = state;
    this.do(effects);
  }

  do(effects: readonly Effect[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'launch':
          expect(this.processes, 'a launch while a process is there').toBe(0);
          expect(this.launching, 'a launch while another one is under way').toBe(false);
          this.launching = true;
          this.launches++;
          break;
        case 'abortLaunch':
          if (this.launching) {
            this.launching = false;
            this.send({ type: 'launchFailed', error: failure, mayPass: false });
          }
          break;
        case 'connect':
          expect(this.processes, 'a connection to nothing').toBe(1);
          this.connected = true;
          this.answered = false;
          break;
        case 'disconnect':
          this.connected = false;
          break;
        case 'destroy':
          this.processes = 0;
          this.send({ type: 'destroyed' });
          break;
        case 'askToShutDown':
          expect(this.connected).toBe(true);
          break;
        default:
      }
    }
  }
}

type Step =
  | 'launched'
  | 'launchFailed'
  | 'answered'
  | 'exited'
  | 'restart'
  | 'admitted'
  | 'stop'
  | 'force'
  | 'wait'
  | 'deadline';

test('[K9] whatever happens, there is at most one process, and none of a kernel that is dead', () => {
  const steps = fc.array(
    fc.tuple(
      fc.constantFrom<Step>(
        'launched',
        'launchFailed',
        'answered',
        'exited',
        'restart',
        'admitted',
        'stop',
        'force',
        'wait',
        'deadline',
      ),
      fc.boolean(),
    ),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(steps, (happenings) => {
      const model = new Model();
      for (const [step, mayPass] of happenings) {
        perform(model, step, mayPass);
        if (model.state.status === 'dead') {
          expect(model.processes).toBe(0);
          expect(model.launching).toBe(false);
          expect(model.connected).toBe(false);
        }
        if (model.state.status === 'running')
          expect([model.processes, model.connected, model.answered]).toEqual([1, true, true]);
        const until = deadlineOf(model.state);
        if (until !== undefined) expect(until).toBeGreaterThanOrEqual(model.now - destroyRetryMs);
      }
      // Left alone, a kernel that was asked to stop ends.
      model.send({ type: 'stopRequested', reason: 'client', force: false });
      for (let n = 0; n < 3 && model.state.status !== 'dead'; n++) perform(model, 'deadline', false);
      expect(model.state.status).toBe('dead');
      expect(model.processes).toBe(0);
    }),
    { numRuns: 500 },
  );
});

function perform(model: Model, step: Step, mayPass: boolean): void {
  switch (step) {
    case 'launched':
      if (!model.launching) return;
      model.launching = false;
      model.processes++;
      return model.send({ type: 'launched' });
    case 'launchFailed':
      if (!model.launching) return;
      model.launching = false;
      return model.send({ type: 'launchFailed', error: failure, mayPass });
    case 'answered':
      if (!model.connected || model.processes === 0 || model.answered) return;
      model.answered = true;
      return model.send({ type: 'answered' });
    case 'exited':
      if (model.processes === 0) return;
      model.processes = 0;
      return model.send({ type: 'exited', exit: crashed, mayPass });
    case 'admitted':
      return model.send({ type: 'admitted' });
    case 'restart':
      return model.send({ type: 'restartRequested' });
    case 'stop':
    case 'force':
      return model.send({ type: 'stopRequested', reason: 'client', force: step === 'force' });
    case 'wait':
      model.now += 1000;
      return;
    case 'deadline':
      model.now = Math.max(model.now, deadlineOf(model.state) ?? model.now);
      if (deadlineOf(model.state) !== undefined) model.send({ type: 'deadline' });
      return;
  }
}

test('[K10] a kernel that keeps dying is launched a bounded number of times', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 100, maxLength: 100 }), (choices) => {
      const model = new Model();
      for (const answers of choices) {
        perform(model, 'launched', false);
        if (answers) perform(model, 'answered', false);
        perform(model, 'exited', true);
      }
      expect(model.state.status).toBe('dead');
      expect(model.launches).toBeLessThanOrEqual((policy.restartLimit + 1) * policy.launchAttempts);
    }),
  );
});
