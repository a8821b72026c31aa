import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { retryDelay } from './retry-delay.ts';
import { ServerWatch, type Reachability } from './server-watch.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A watch over a server that is switched on and off. */
function watched(): { watch: ServerWatch; server: { up: boolean; asked: number }; seen: Reachability[] } {
  const server = { up: true, asked: 0 };
  const ask = async (): Promise<boolean> => {
    server.asked++;
    return server.up;
  };
  const watch = new ServerWatch({ ask, now: Date.now });
  const seen: Reachability[] = [];
  watch.changed.connect((_, state) => void seen.push(state));
  return { watch, server, seen };
}

test('[L20] asks nothing while nobody has a doubt, and once for many doubts at once', async () => {
  const { watch, server, seen } = watched();
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(server.asked).toBe(0);
  watch.suspect();
  watch.suspect();
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(server.asked).toBe(1);
  expect(seen).toEqual([]);
});

test('[L20] a lost server is asked again, less and less often, until it answers', async () => {
  const { watch, server, seen } = watched();
  server.up = false;
  watch.suspect();
  await vi.advanceTimersByTimeAsync(0);
  expect(watch.state).toMatchObject({ status: 'lost', failures: 1 });
  await vi.advanceTimersByTimeAsync(500);
  expect(server.asked).toBe(2);
  await vi.advanceTimersByTimeAsync(749);
  expect(server.asked).toBe(2);
  await vi.advanceTimersByTimeAsync(1);
  expect(server.asked).toBe(3);
  // An hour of it: once every ten seconds, and no more.
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(server.asked).toBeLessThan(380);
  server.up = true;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(watch.state).toEqual({ status: 'reachable' });
  expect(seen.filter(({ status }) => status === 'reachable')).toHaveLength(1);
  const { asked } = server;
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(server.asked).toBe(asked);
});

test('[L20] hurries when the network may be back, and not while all is well', async () => {
  const { watch, server } = watched();
  watch.hurry();
  expect(server.asked).toBe(0);
  server.up = false;
  watch.suspect();
  await vi.advanceTimersByTimeAsync(60_000);
  server.up = true;
  watch.hurry();
  await vi.advanceTimersByTimeAsync(0);
  expect(watch.state.status).toBe('reachable');
});

test('[L20] who waits for the server goes on when it answers', async () => {
  const { watch, server } = watched();
  server.up = false;
  let answered = false;
  void watch.reachable().then(() => (answered = true));
  await vi.advanceTimersByTimeAsync(20_000);
  expect(answered).toBe(false);
  server.up = true;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(answered).toBe(true);
});

test('[L20] the delay grows by half from the first to the longest', () => {
  const policy = { firstMs: 500, longestMs: 2000 };
  expect([1, 2, 3, 4, 5, 50].map((failures) => retryDelay(failures, policy))).toEqual([
    500, 750, 1125, 1687.5, 2000, 2000,
  ]);
});
