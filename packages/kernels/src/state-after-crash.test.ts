import { expect, test } from 'vitest';
import type { KernelState } from './kernel-state.ts';
import type { LifecyclePolicy } from './lifecycle-events.ts';
import type { Exit } from './provisioner.ts';
import { stateAfterCrash } from './state-after-crash.ts';

const policy: LifecyclePolicy = {
  autoRestart: true,
  restartLimit: 3,
  stableAfterMs: 10,
  launchAttempts: 2,
  launchTimeoutMs: 1000,
  replyTimeoutMs: 2000,
  shutdownGraceMs: 500,
};
const at = 100_000;
const exit: Exit = { reason: 'exited', code: 3, message: 'exited with code 3', lastLines: ['oh no'] };
const restarting = { status: 'restarting', by: 'client', attempt: 1, restarts: 0, until: 7 } as const;

const launch = [{ type: 'launch' }];
const destroy = [{ type: 'destroy', graceMs: 250 }];
const cases: [string, KernelState, 'found' | 'gone' | Exit, object, object[]][] = [
  [
    'a launch that came so far',
    { status: 'launching', step: 'starting', attempt: 1, until: 7 },
    'found',
    { step: 'connecting', until: at + 2000 },
    [],
  ],
  [
    'a launch that did not',
    { status: 'launching', step: 'starting', attempt: 1, until: 7 },
    'gone',
    { step: 'starting', until: at + 1000 },
    launch,
  ],
  [
    'a launch that ended before its reply',
    { status: 'launching', step: 'connecting', attempt: 1, until: 7 },
    exit,
    { step: 'starting' },
    launch,
  ],
  ['a restart that came so far', { ...restarting, step: 'starting' }, 'found', { step: 'connecting' }, []],
  [
    'a restart whose end was under way',
    { ...restarting, step: 'asking' },
    'found',
    { step: 'ending', until: at + 500 },
    destroy,
  ],
  [
    'a stop',
    { status: 'stopping', step: 'aborting', reason: 'client', until: 7 },
    'found',
    { step: 'ending' },
    destroy,
  ],
  [
    'one that ran',
    { status: 'running', since: 5, restarts: 1 },
    'found',
    { status: 'running', since: 5, restarts: 1 },
    [],
  ],
  [
    'one that could not be asked',
    { status: 'lost', message: '', since: 5, restarts: 1 },
    'found',
    { status: 'running', since: at },
    [],
  ],
  [
    'one of which nothing is known',
    { status: 'running', since: 5, restarts: 1 },
    'gone',
    {
      status: 'dead',
      death: {
        reason: 'unknown',
        at,
        message: 'The kernel ended while no server was watching it, so why is not known.',
      },
    },
    [],
  ],
  [
    'one that ended',
    { status: 'running', since: 5, restarts: 1 },
    exit,
    {
      status: 'dead',
      death: {
        reason: 'exited',
        code: 3,
        at,
        lastLines: ['oh no'],
        message: 'The kernel ended while no server was watching it: exited with code 3.',
      },
    },
    [],
  ],
  ['one in the queue', { status: 'queued', step: 'waiting' }, 'gone', { status: 'queued' }, []],
];

test.each(cases)('[K31] after a crash: %s', (_what, state, place, expected, effects) => {
  const next = stateAfterCrash(state, place, { at, policy });
  expect(next.state).toMatchObject(expected);
  expect(next.effects).toEqual(effects);
});
