import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection, type Event } from '@jupyterlab/services';
import { Signal, Stream, type ISignal } from '@lumino/signaling';
import { retryDelay } from './retry-delay.ts';
import type { ServerWatch } from './server-watch.ts';

const path = 'api/events';

/** One that lived this long was no failure, however it ended. */
const livedMs = 10_000;

/** How often a socket that the server closes is opened again. */
const reopening = { firstMs: 250, longestMs: 30_000 };

/**
 * The server's events, by one WebSocket for the whole page. As JupyterLab's own manager, except that its end is noticed (it is
 * the quickest sign of a lost server) and that it is back as soon as the server is.
 */
export class ServerEvents implements Event.IManager {
  readonly serverSettings: ServerConnection.ISettings;
  readonly #watch: ServerWatch;
  readonly #stream: Stream<this, Event.Emission> = new Stream(this);
  readonly #opened = new Signal<this, void>(this);
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #isDisposed = false;

  constructor(serverSettings: ServerConnection.ISettings, watch: ServerWatch) {
    this.serverSettings = serverSettings;
    this.#watch = watch;
    this.#open();
  }

  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  get stream(): Event.Stream {
    return this.#stream;
  }

  /** Events before this were missed: whoever keeps a state of them reads it anew. */
  get opened(): ISignal<this, void> {
    return this.#opened;
  }

  async emit(event: Event.Request): Promise<void> {
    const url = URLExt.join(this.serverSettings.baseUrl, path);
    const init = { body: JSON.stringify(event), method: 'POST' };
    const response = await ServerConnection.makeRequest(url, init, this.serverSettings);
    if (response.status !== 204) throw new ServerConnection.ResponseError(response);
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
    this.#stream.stop();
    Signal.clearData(this);
  }

  #open(): void {
    const { appendToken, token, wsUrl, WebSocket } = this.serverSettings;
    const query = appendToken && token !== '' ? `?token=${encodeURIComponent(token)}` : '';
    const socket = new WebSocket(URLExt.join(wsUrl, path, 'subscribe') + query);
    this.#socket = socket;
    let openedAt: number | undefined;
    socket.addEventListener('open', () => {
      openedAt = Date.now();
      this.#opened.emit();
    });
    socket.addEventListener('message', ({ data }) => {
      if (typeof data === 'string') this.#stream.emit(JSON.parse(data) as Event.Emission);
    });
    socket.addEventListener('close', () => {
      if (this.#isDisposed) return;
      const lived = openedAt !== undefined && Date.now() - openedAt > livedMs;
      this.#failures = lived ? 1 : this.#failures + 1;
      void this.#reopen();
    });
  }

  async #reopen(): Promise<void> {
    await this.#watch.reachable();
    if (this.#isDisposed) return;
    this.#timer = setTimeout(() => this.#open(), retryDelay(this.#failures, reopening));
  }
}
