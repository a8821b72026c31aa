import type { Overview } from '@perijove/protocol';
import { afterEvent, type OverviewState, type ServerEvent } from './overview-state.ts';

/** What is called with news. */
interface OverviewListener {
  readonly onOpen: () => void;
  readonly onEvent: (event: ServerEvent) => void;
  readonly onLost: () => void;
}

/** The server, as the page needs it: one picture, and one subscription to what changes it. */
export interface OverviewPort {
  /** Rejects with a message for people. */
  read(): Promise<Overview>;
  /**
   * Hears the server's events from now on, and again by itself after the connection was lost. `onOpen`: events before this were missed.
   * Gives what ends it.
   */
  subscribe(listener: OverviewListener): () => void;
  /** Rejects with a message for people. */
  stop(kernelId: string): Promise<void>;
  interrupt(kernelId: string): Promise<void>;
}

/** Keeps the picture live while somebody looks. */
export class OverviewStore {
  readonly port: OverviewPort;
  readonly #now: () => number;
  readonly #listeners = new Set<() => void>();
  #state: OverviewState = { status: 'loading' };
  #end: (() => void) | undefined;
  /** What came while the picture was being read: it may be older than that. */
  #pending: ServerEvent[] | undefined;
  #reading = 0;

  constructor(port: OverviewPort, now: () => number = Date.now) {
    this.port = port;
    this.#now = now;
  }

  /** For React's `useSyncExternalStore`. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#start();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#end?.();
      this.#end = undefined;
    };
  };

  readonly get = (): OverviewState => this.#state;

  /** Reads the picture anew. */
  readonly refresh = async (): Promise<void> => {
    const reading = ++this.#reading;
    this.#pending ??= [];
    try {
      const overview = await this.port.read();
      if (reading !== this.#reading) return;
      const missed = this.#pending;
      this.#pending = undefined;
      this.#set({ status: 'live', overview: missed.reduce(afterEvent, overview) });
    } catch (error) {
      if (reading !== this.#reading) return;
      this.#pending = undefined;
      if ('overview' in this.#state) this.#lost();
      else this.#set({ status: 'failed', message: error instanceof Error ? error.message : String(error) });
    }
  };

  #start(): void {
    this.#end = this.port.subscribe({
      onOpen: () => void this.refresh(),
      onEvent: (event) => this.#hear(event),
      onLost: () => this.#lost(),
    });
    // Where the subscription is slow to come, the picture is not.
    void this.refresh();
  }

  #hear(event: ServerEvent): void {
    if (this.#pending) this.#pending.push(event);
    else if (this.#state.status === 'live') {
      const overview = afterEvent(this.#state.overview, event);
      if (overview !== this.#state.overview) this.#set({ status: 'live', overview });
    }
  }

  #lost(): void {
    if (this.#state.status !== 'live') return;
    this.#set({ status: 'stale', overview: this.#state.overview, since: this.#now() });
  }

  #set(state: OverviewState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}
