/** How often a server that does not answer is asked again. */
export interface RetryPolicy {
  readonly firstMs: number;
  readonly longestMs: number;
}

export const defaultRetryPolicy: RetryPolicy = { firstMs: 500, longestMs: 10_000 };

/** How long to wait before the next attempt, after so many in a row that failed: half as long again each time. */
export function retryDelay(failures: number, { firstMs, longestMs }: RetryPolicy): number {
  return Math.min(longestMs, firstMs * 1.5 ** Math.max(0, failures - 1));
}
