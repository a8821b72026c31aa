import type { Overview, OverviewKernel } from '@perijove/protocol';
import { expect, test } from 'vitest';
import { OverviewStore, type OverviewPort } from './overview-store.ts';
import { afterEvent } from './overview-state.ts';

function kernel(id: string, more: Partial<OverviewKernel> = {}): OverviewKernel {
  return {
    id,
    user: 'ada',
    kernelspec: 'python3',
    displayName: 'Python 3',
    phase: 'idle',
    sentence: 'Idle.',
    node: 'here',
    resources: { limit: { memoryBytes: 1000 }, request: {}, used: {} },
    started: '2026-11-25T10:00:00Z',
    lastActivity: '2026-11-25T10:00:00Z',
    connections: 1,
    ...more,
  };
}

const picture = (...kernels: OverviewKernel[]): Overview => ({
  viewer: { username: 'ada', role: 'use' },
  machines: [],
  kernels,
});
const changed = (one: OverviewKernel) => ({
  schema_id: 'https://perijove.dev/events/overview_kernel/v1',
  kernel_id: one.id,
  user: one.user,
  kernel: one,
});

/** A server that answers when it is told to. */
class Server implements OverviewPort {
  readonly answers: ((answer: Overview | Error) => void)[] = [];
  listener: Parameters<OverviewPort['subscribe']>[0] | undefined;
  read = (): Promise<Overview> =>
    new Promise((resolve, reject) =>
      this.answers.push((answer) => (answer instanceof Error ? reject(answer) : resolve(answer))),
    );
  stop = async (): Promise<void> => undefined;
  interrupt = async (): Promise<void> => undefined;
  subscribe(listener: Parameters<OverviewPort['subscribe']>[0]): () => void {
    this.listener = listener;
    return () => (this.listener = undefined);
  }
}

function look(server: Server): { store: OverviewStore; next: () => Promise<void>; leave: () => void } {
  const store = new OverviewStore(server, () => 1000);
  let onChange = (): void => undefined;
  const leave = store.subscribe(() => onChange());
  return { store, leave, next: () => new Promise((resolve) => (onChange = () => resolve())) };
}

test('[W1] what changes while the picture is being read is not lost', async () => {
  const server = new Server();
  const { store, next } = look(server);
  const done = next();
  server.listener?.onEvent(changed(kernel('b')));
  server.answers[0]?.(picture(kernel('a')));
  await done;
  expect(store.get()).toMatchObject({ status: 'live', overview: { kernels: [{ id: 'a' }, { id: 'b' }] } });
});

test('[W1] of two readings the later one counts', async () => {
  const server = new Server();
  const { store, next } = look(server);
  server.listener?.onOpen();
  const done = next();
  server.answers[1]?.(picture(kernel('new')));
  await done;
  server.answers[0]?.(picture(kernel('old')));
  await Promise.resolve();
  expect(store.get()).toMatchObject({ overview: { kernels: [{ id: 'new' }] } });
});

test('[W2] a lost server leaves the picture as it was, and says so, until it is read anew', async () => {
  const server = new Server();
  const { store, next } = look(server);
  const first = next();
  server.answers[0]?.(picture(kernel('a')));
  await first;
  server.listener?.onLost();
  expect(store.get()).toMatchObject({ status: 'stale', since: 1000, overview: { kernels: [{ id: 'a' }] } });
  server.listener?.onOpen();
  const again = next();
  server.answers[1]?.(picture());
  await again;
  expect(store.get()).toMatchObject({ status: 'live', overview: { kernels: [] } });
});

test('[W2] a picture that never came is an error, in words, and can be asked for again', async () => {
  const server = new Server();
  const { store, next } = look(server);
  const failed = next();
  server.answers[0]?.(new Error('The server does not answer.'));
  await failed;
  expect(store.get()).toEqual({ status: 'failed', message: 'The server does not answer.' });
  void store.refresh();
  const done = next();
  server.answers[1]?.(picture());
  await done;
  expect(store.get().status).toBe('live');
});

test('[W1] nobody looks, nothing is heard', () => {
  const server = new Server();
  const { leave } = look(server);
  leave();
  expect(server.listener).toBeUndefined();
});

test('[W3] events change what they tell of, and nothing else', () => {
  const before = picture(kernel('a'), kernel('b'));
  const busy = afterEvent(before, changed(kernel('b', { phase: 'busy' })));
  expect(busy.kernels.map(({ phase }) => phase)).toEqual(['idle', 'busy']);
  expect(busy.kernels[0]).toBe(before.kernels[0]);
  const usage = {
    schema_id: 'https://perijove.dev/events/kernel_usage/v1',
    kernel_id: 'a',
    memory_bytes: 5,
    cpus: 0.5,
  };
  expect(afterEvent(before, usage).kernels[0]?.resources).toEqual({
    limit: { memoryBytes: 1000 },
    request: {},
    used: { memoryBytes: 5, cpus: 0.5 },
  });
  const gone = { schema_id: 'https://perijove.dev/events/overview_kernel/v1', kernel_id: 'a', user: 'ada' };
  expect(afterEvent(before, gone).kernels.map(({ id }) => id)).toEqual(['b']);
  expect(afterEvent(before, { schema_id: 'https://example.org/other/v1' })).toBe(before);
});
