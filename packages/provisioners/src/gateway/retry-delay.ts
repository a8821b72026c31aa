const firstMs = 100;

/** How long to wait before attempt number `attempt` (from 0): twice as long each time, within a bound, less up to half by chance. */
export function retryDelayMs(attempt: number, maxMs: number, random: number): number {
  return Math.min(firstMs * 2 ** Math.min(attempt, 20), maxMs) * (1 - random / 2);
}
