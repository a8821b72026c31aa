/** How long to wait before the next attempt, the `failures`-th in a row (from 1) having failed. */
export function reconnectDelay(failures: number, firstMs: number, maxMs: number): number {
  // At least 1, so that a first delay of 0 is no busy loop.
  const first = Math.max(1, firstMs);
  return Math.min(Math.max(first, maxMs), first * 2 ** Math.min(failures - 1, 30));
}
