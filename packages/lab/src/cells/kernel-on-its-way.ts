import type { ISessionContext } from '@jupyterlab/apputils';

/** What is asked of a session context here. */
export type KernelSource = Pick<
  ISessionContext,
  'session' | 'hasNoKernel' | 'isDisposed' | 'initialize' | 'sessionChanged' | 'kernelChanged' | 'disposed'
>;

/**
 * Undefined if there is a kernel. Else resolves once there is one, or it is certain that none will come by itself: its
 * start failed, none is to be started, or the notebook was closed. Never rejects: whoever started the kernel says why.
 */
export function kernelOnItsWay(context: KernelSource): Promise<void> | undefined {
  if (context.session?.kernel || context.isDisposed) return undefined;
  return settle(context);
}

async function settle(context: KernelSource): Promise<void> {
  const changed = nextChange(context);
  // The document has called it by the time that there are cells (build/patches.js sees to that). Called again it awaits the
  // same; but once it has failed it never resolves.
  await Promise.race([context.initialize().then(ignore, ignore), changed]);
  // Another kernel was chosen, and is being started.
  if (!context.session?.kernel && !context.isDisposed && !context.hasNoKernel) await changed;
}

/** A failed start is a session that changed to none; a kernel that "changed" to none is only about to be exchanged. */
function nextChange(context: KernelSource): Promise<void> {
  return new Promise((resolve) => {
    const settled = (): void => {
      context.sessionChanged.disconnect(settled);
      context.kernelChanged.disconnect(onKernel);
      context.disposed.disconnect(settled);
      resolve();
    };
    const onKernel: Parameters<typeof context.kernelChanged.connect>[0] = (_, { newValue }) => {
      if (newValue) settled();
    };
    context.sessionChanged.connect(settled);
    context.kernelChanged.connect(onKernel);
    context.disposed.connect(settled);
  });
}

function ignore(): void {}
