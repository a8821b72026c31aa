import { Notification } from '@jupyterlab/apputils';

export interface ConnectionNoticeOptions {
  readonly onTryNow: () => void;
  /** On JupyterHub: what starts the server. */
  readonly restartServer: () => (() => void) | undefined;
}

/**
 * What is said of a lost server: a notice that leaves the page usable, and that goes when the server is back. JupyterLab's own
 * is a dialog in front of everything, which stays.
 */
export class ConnectionNotice {
  readonly #options: ConnectionNoticeOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #id: string | undefined;

  constructor(options: ConnectionNoticeOptions) {
    this.#options = options;
  }

  /** A server that is back sooner is not talked about. */
  lost(afterMs: number): void {
    if (this.#id !== undefined) return;
    this.#timer ??= setTimeout(() => this.#show(), afterMs);
  }

  back(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const id = this.#id;
    this.#id = undefined;
    if (id === undefined) return;
    Notification.update({
      id,
      type: 'success',
      message: 'Connected to the server again.',
      autoClose: 3000,
      actions: [],
    });
  }

  #show(): void {
    const { onTryNow } = this.#options;
    const restart = this.#options.restartServer();
    this.#id = Notification.emit(
      'The server does not answer. You can go on reading and writing; cells run and changes are saved when it is back.',
      'in-progress',
      {
        autoClose: false,
        actions: [
          // The notice stays, until there is news.
          { label: 'Try Now', callback: keepOpen(onTryNow) },
          ...(restart
            ? [{ label: 'Restart Server', callback: keepOpen(restart), displayType: 'accent' as const }]
            : []),
        ],
      },
    );
  }
}

function keepOpen(act: () => void): (event: MouseEvent) => void {
  return (event) => {
    event.preventDefault();
    act();
  };
}
