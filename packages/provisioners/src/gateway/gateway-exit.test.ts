import { expect, test } from 'vitest';
import { exitByAbsence, exitByEvent, exitByModel } from './gateway-exit.ts';

const about = { schema_id: 'https://perijove.dev/events/kernel_death/v1', kernel_id: 'a-b' };

test('[Y6] an end that the gateway tells in an event is told here as it was, and is final', () => {
  const event = {
    ...about,
    reason: 'outOfMemory',
    message: 'The kernel ended: out of memory: used 2.0 of 2.0 GiB.',
  };
  expect(exitByEvent({ ...event, code: 137, last_lines: ['oh no'] })).toEqual({
    reason: 'outOfMemory',
    message: 'out of memory: used 2.0 of 2.0 GiB',
    code: 137,
    lastLines: ['oh no'],
    isFinal: true,
  });
  expect(exitByEvent({ ...about, reason: 'culled', message: 'It was idle.' }).reason).toBe('destroyed');
  expect(exitByEvent({ ...about, reason: 'noReply', message: 'No reply.' }).reason).toBe('exited');
});

test('[Y6] of a kernel that is only listed as dead, its reason says whether memory had run out', () => {
  const model = { id: 'a-b', execution_state: 'dead' };
  const reason = 'The kernel ended: out of memory: used 1.0 of 1.0 GiB.';
  expect(exitByModel({ ...model, reason, traceback: 'a\nb' })).toMatchObject({
    reason: 'outOfMemory',
    lastLines: ['a', 'b'],
  });
  expect(exitByModel(model)).toMatchObject({ reason: 'exited', message: 'the gateway does not say why' });
});

test('[Y7] one that the gateway does not know any more is not started again', () => {
  expect(exitByAbsence('http://g')).toMatchObject({ reason: 'destroyed', isFinal: true });
});
