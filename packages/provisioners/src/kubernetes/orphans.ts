import type { Pod } from './pod.ts';

/** Pods that nobody holds, by name, and since when, milliseconds since the epoch. */
export type Unheld = ReadonlyMap<string, number>;

/**
 * Which pods of a server no kernel has for `afterMs` already, and which none has for now. A pod that is going away already is no
 * orphan. Pure.
 */
export function orphansOf(
  pods: readonly Pod[],
  before: Unheld,
  {
    isHeld,
    at,
    afterMs,
  }: { readonly isHeld: (podName: string) => boolean; readonly at: number; readonly afterMs: number },
): { readonly orphans: readonly Pod[]; readonly unheld: Unheld } {
  const loose = pods.filter(
    ({ metadata: { name, deletionTimestamp } }) => deletionTimestamp === undefined && !isHeld(name),
  );
  const unheld = new Map(loose.map(({ metadata: { name } }) => [name, before.get(name) ?? at]));
  const orphans = loose.filter(({ metadata: { name } }) => at - (unheld.get(name) ?? at) >= afterMs);
  return { orphans, unheld };
}
