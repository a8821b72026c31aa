import { Signal } from '@lumino/signaling';
import { expect, test } from 'vitest';
import { kernelOnItsWay, type KernelSource } from './kernel-on-its-way.ts';

/** As much of a session context as is asked here, with JupyterLab's own signals. */
class Context {
  session: { kernel: object | null } | null = null;
  hasNoKernel = true;
  isDisposed = false;
  readonly sessionChanged = new Signal<this, object>(this);
  readonly kernelChanged = new Signal<this, { newValue: object | null }>(this);
  readonly disposed = new Signal<this, void>(this);
  readonly initialize: () => Promise<boolean>;

  constructor(initialize: () => Promise<boolean>) {
    this.initialize = initialize;
  }

  /** What `kernelOnItsWay` did: already settled when nothing else is left to happen, or not. */
  async isSettled(arrival: Promise<void> | undefined): Promise<boolean> {
    let settled = false;
    void arrival?.then(() => (settled = true));
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    return settled;
  }
}

const waitFor = (context: Context) => kernelOnItsWay(context as unknown as KernelSource);
const never = (): Promise<boolean> => new Promise(() => {});

test('[L17] with a kernel there is nothing to wait for', () => {
  const context = new Context(never);
  context.session = { kernel: {} };
  expect(waitFor(context)).toBe(undefined);
});

test('[L17] waits for the session that is being made, and for nothing when none is', async () => {
  const context = new Context(never);
  const arrival = waitFor(context);
  expect(await context.isSettled(arrival)).toBe(false);
  context.session = { kernel: {} };
  context.sessionChanged.emit({});
  expect(await context.isSettled(arrival)).toBe(true);

  const idle = new Context(() => Promise.resolve(true));
  expect(await idle.isSettled(waitFor(idle))).toBe(true);
});

test('[L17] waits on while another kernel is being started; one that fails ends it', async () => {
  const context = new Context(() => Promise.resolve(false));
  context.hasNoKernel = false;
  const arrival = waitFor(context);
  context.kernelChanged.emit({ newValue: null });
  expect(await context.isSettled(arrival)).toBe(false);
  context.sessionChanged.emit({});
  expect(await context.isSettled(arrival)).toBe(true);
});

test('[L17] a start that fails and a notebook that is closed end it', async () => {
  const failing = new Context(() => Promise.reject(new Error('refused')));
  expect(await failing.isSettled(waitFor(failing))).toBe(true);
  const closed = new Context(never);
  const arrival = waitFor(closed);
  closed.isDisposed = true;
  closed.disposed.emit();
  expect(await closed.isSettled(arrival)).toBe(true);
});
