/** How long to wait before the next attempt, the `failures`-th in a row (from 1) having failed. */
export function reconnectDelay(failures: number, firstMs: number, maxMs: number): number {
  return Math.min(Math.max(firstMs, maxMs), firstMs * 2 ** Math.min(failures - 1, 30));
}
