import { describe, expect, test } from 'vitest';
import { addressOf, heldBy, identityOf, seen, turnOf, type LeaseObject } from './lease-view.ts';

const me = identityOf('perijove-a', '10.0.0.1:8888');
const other = identityOf('perijove-b', '10.0.0.2:8888');
const lease = (holderIdentity: string, version = '1'): LeaseObject => ({
  metadata: { name: 'perijove', resourceVersion: version },
  spec: {
    holderIdentity,
    leaseDurationSeconds: 10,
    leaseTransitions: 3,
    acquireTime: 'then',
    renewTime: 'lately',
  },
});
const turnAfter = (found: LeaseObject | undefined, ms: number) =>
  turnOf(found, { version: '1', sinceMs: 1000 }, me, 1000 + ms);

describe('[P19] of several servers one has the Lease', () => {
  test('nobody’s is taken at once; another’s only when it was not renewed for its duration', () => {
    expect(turnAfter(undefined, 0)).toBe('create');
    expect(turnAfter(lease(''), 0)).toBe('take');
    expect(turnAfter(lease(other), 9_999)).toBe('wait');
    expect(turnAfter(lease(other), 10_000)).toBe('take');
    expect(turnAfter(lease(me), 0)).toBe('renew');
  });

  test('that of a program that was at one’s own address before is taken at once', () => {
    expect(turnAfter(lease(identityOf('perijove-z', '10.0.0.1:8888')), 0)).toBe('take');
    expect(turnAfter(lease(identityOf('perijove-a', '10.0.0.1:9999')), 0)).toBe('wait');
  });

  test('time counts from when one saw it change, whatever the clock of its holder says', () => {
    const first = seen(undefined, lease(other), 500);
    expect(seen(first, lease(other), 900)).toEqual({ version: '1', sinceMs: 500 });
    expect(seen(first, lease(other, '2'), 900)).toEqual({ version: '2', sinceMs: 900 });
    expect(seen(first, undefined, 900)).toEqual({ version: undefined, sinceMs: 900 });
  });

  test('who takes it says so and counts the change; who renews it changes the time alone', () => {
    const settings = { durationS: 20, now: new Date('2026-01-02T03:04:05.678Z') };
    const time = '2026-01-02T03:04:05.678000Z';
    expect(heldBy(me, 'perijove', lease(other), settings)).toEqual({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'perijove', resourceVersion: '1' },
      spec: {
        holderIdentity: me,
        leaseDurationSeconds: 20,
        acquireTime: time,
        renewTime: time,
        leaseTransitions: 4,
      },
    });
    expect(heldBy(me, 'perijove', lease(me), settings).spec).toMatchObject({
      acquireTime: 'then',
      renewTime: time,
      leaseTransitions: 3,
    });
    expect(heldBy(me, 'perijove', undefined, settings).spec?.leaseTransitions).toBe(0);
  });

  test('its holder’s name says where it is', () => {
    expect(addressOf(me)).toBe('10.0.0.1:8888');
    expect(addressOf(identityOf('a_b', '[fd00::1]:80'))).toBe('[fd00::1]:80');
    expect(addressOf('somebody else')).toBeUndefined();
    expect(addressOf(undefined)).toBeUndefined();
  });
});
