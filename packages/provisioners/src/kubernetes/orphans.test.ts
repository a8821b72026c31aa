import { expect, test } from 'vitest';
import { orphansOf, type Unheld } from './orphans.ts';
import type { Pod } from './pod.ts';

const pod = (name: string, more: object = {}): Pod => ({ metadata: { name, ...more } });
const look = (pods: readonly Pod[], before: Unheld, at: number, held: readonly string[] = []) =>
  orphansOf(pods, before, { isHeld: (name) => held.includes(name), at, afterMs: 60 });

test('[P17] a pod that no kernel has is an orphan after a while, not before', () => {
  const first = look([pod('a'), pod('b')], new Map(), 1000, ['b']);
  expect(first.orphans).toEqual([]);
  const second = look([pod('a'), pod('b')], first.unheld, 1059, ['b']);
  expect(second.orphans).toEqual([]);
  expect(look([pod('a'), pod('b')], second.unheld, 1060, ['b']).orphans).toEqual([pod('a')]);
});

test('[P17] one that a kernel has meanwhile begins anew; one that goes away by itself is none', () => {
  const first = look([pod('a')], new Map(), 1000);
  const second = look([pod('a')], first.unheld, 1030, ['a']);
  expect(look([pod('a')], second.unheld, 1070).orphans).toEqual([]);
  expect(look([pod('a', { deletionTimestamp: 'now' })], first.unheld, 1070).orphans).toEqual([]);
});
