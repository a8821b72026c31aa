import { Dialog, showDialog, type ISessionContext } from '@jupyterlab/apputils';
import { KernelAPI, ServerConnection, type Kernel } from '@jupyterlab/services';
import { Widget } from '@lumino/widgets';

/** What is asked of a session context here. */
export type DeadKernelSource = Pick<
  ISessionContext,
  'session' | 'prevKernelName' | 'isDisposed' | 'changeKernel'
>;

/** Notebooks whose user is being asked: several cells that are run at once ask once. */
const asking = new WeakMap<DeadKernelSource, Promise<boolean>>();

/** The connection to a kernel that died is disposed, and stays the session's. */
export function hasDeadKernel({ session }: DeadKernelSource): boolean {
  const kernel = session?.kernel;
  return kernel !== undefined && kernel !== null && (kernel.isDisposed || kernel.status === 'dead');
}

/** Says why the kernel died and offers to start it again. Resolves with whether it was; a failed start is said by itself. */
export function offerToStartAgain(context: DeadKernelSource): Promise<boolean> {
  let offer = asking.get(context);
  if (!offer) {
    offer = ask(context).finally(() => asking.delete(context));
    asking.set(context, offer);
  }
  return offer;
}

async function ask(context: DeadKernelSource): Promise<boolean> {
  const kernel = context.session?.kernel;
  if (!kernel) return false;
  const { reason, traceback } = await readDeath(kernel);
  const { button } = await showDialog({
    title: 'Kernel Is Not Running',
    body: describeDeath(reason, traceback),
    buttons: [Dialog.cancelButton({ label: 'Leave It' }), Dialog.okButton({ label: 'Start It Again' })],
  });
  if (!button.accept || context.isDisposed) return false;
  try {
    await context.changeKernel({ name: context.prevKernelName || kernel.name });
    return true;
  } catch {
    // The session context has said why, in a dialog of its own.
    return false;
  }
}

interface DeathWords {
  readonly reason: string;
  readonly traceback: string;
}

/** What the server says that it died of. */
async function readDeath({ id, serverSettings }: Kernel.IKernelConnection): Promise<DeathWords> {
  try {
    const { reason, traceback } = await KernelAPI.getKernelModel(id, serverSettings).then(
      (model) => model ?? { reason: undefined, traceback: undefined },
    );
    return {
      reason: reason ?? 'The kernel of this notebook has ended, and the server does not know it any more.',
      traceback: traceback ?? '',
    };
  } catch (error) {
    const said =
      error instanceof ServerConnection.NetworkError
        ? 'The server does not answer, so it cannot say why.'
        : 'The server does not know it any more.';
    return { reason: `The kernel of this notebook is not running. ${said}`, traceback: '' };
  }
}

function describeDeath(reason: string, lastWords: string): Widget {
  const node = document.createElement('div');
  const sentence = document.createElement('pre');
  sentence.textContent = reason;
  node.append(sentence);
  if (lastWords) {
    const details = document.createElement('details');
    details.className = 'jp-mod-wide';
    details.open = true;
    const text = document.createElement('pre');
    text.textContent = lastWords;
    details.append(text);
    node.append(details);
  }
  return new Widget({ node });
}
