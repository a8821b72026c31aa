import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ISessionContext } from '@jupyterlab/apputils';

/** build/patches.js has every kernel connection that waits for the server listen to these. */
export const serverLostEvent = 'perijove:server-lost';
const serverBackEvent = 'perijove:server-back';

interface Connection {
  readonly isDisposed: boolean;
  readonly connectionStatus: string;
  reconnect(): Promise<void>;
}

/** Has everything on the page that lost the server find it again: kernels, terminals, lists. */
export async function reconnectAll(app: JupyterFrontEnd): Promise<void> {
  dispatchEvent(new Event(serverBackEvent));
  const { kernels, sessions, terminals, kernelspecs } = app.serviceManager;
  await Promise.allSettled([
    kernels.refreshRunning(),
    sessions.refreshRunning(),
    ...(terminals.isAvailable() ? [terminals.refreshRunning()] : []),
    kernelspecs.refreshSpecs(),
    // Those that had given up.
    ...[...app.shell.widgets('main')].flatMap((widget) => {
      const connection = connectionOf(widget);
      return connection && !connection.isDisposed && connection.connectionStatus === 'disconnected'
        ? [connection.reconnect()]
        : [];
    }),
  ]);
}

/** Of a notebook, a console or a file: its kernel's. Of a terminal: its session's. */
function connectionOf(widget: object): Connection | undefined {
  const { context, sessionContext, content } = widget as {
    context?: { sessionContext?: ISessionContext };
    sessionContext?: ISessionContext;
    content?: { session?: Partial<Connection> };
  };
  const kernel = (context?.sessionContext ?? sessionContext)?.session?.kernel;
  if (kernel) return kernel;
  const session = content?.session;
  return session?.reconnect && session.connectionStatus !== undefined ? (session as Connection) : undefined;
}
