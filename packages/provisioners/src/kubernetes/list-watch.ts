import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '@perijove/kernels';
import { ClusterRefusal, ClusterUnreachable, type ClusterClient } from './cluster-client.ts';
import { readWatchLine, type ClusterObject } from './watch-line.ts';

export interface ListWatchOptions<T extends ClusterObject> {
  readonly client: ClusterClient;
  /** `/api/v1/namespaces/ns/pods`. */
  readonly path: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** All that there is, after which only changes are told. Called again whenever changes may have been missed. */
  readonly onList: (items: readonly T[]) => void;
  readonly onChange: (type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T) => void;
  /** The API has not answered twice in a row. Told once, until `onBack`. */
  readonly onAway?: (message: string) => void;
  readonly onBack?: () => void;
  readonly log: Log;
}

/** Objects of one page of a list. */
const pageSize = 500;
/** The API ends a watch after this time, and it is resumed: one request an hour. */
const watchSeconds = 3300;
/** Bookmarks come about every minute; a connection without any is broken. */
const silenceMs = 180_000;
const failuresUntilAway = 2;
const retryFirstMs = 250;
const retryMaxMs = 10_000;

/**
 * Keeps up with all objects of one kind, as Kubernetes docs, "Efficient detection of changes", say: one list, then one watch,
 * resumed at the last resourceVersion that was seen; a list anew when the API does not know that any more (410).
 */
export class ListWatch<T extends ClusterObject> {
  readonly #options: ListWatchOptions<T>;
  #version: string | undefined;
  #failures = 0;

  constructor(options: ListWatchOptions<T>) {
    this.#options = options;
  }

  /** Goes on until aborted. Never rejects: an API that is away is asked again, however long that takes. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        // oxlint-disable-next-line no-await-in-loop
        if (this.#version === undefined) await this.#list(signal);
        // oxlint-disable-next-line no-await-in-loop
        await this.#watch(signal);
      } catch (error) {
        if (signal.aborted) return;
        // oxlint-disable-next-line no-await-in-loop
        await this.#failed(error, signal);
      }
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { client, path, labelSelector, fieldSelector, onList } = this.#options;
    const items: T[] = [];
    let next: string | undefined;
    let version = '';
    do {
      // oxlint-disable-next-line no-await-in-loop
      const page = await client.ask<{
        items?: T[];
        metadata?: { continue?: string; resourceVersion?: string };
      }>('GET', path, { query: { labelSelector, fieldSelector, limit: pageSize, continue: next }, signal });
      items.push(...(page.items ?? []));
      version = page.metadata?.resourceVersion ?? '';
      next = page.metadata?.continue || undefined;
    } while (next !== undefined);
    this.#version = version;
    this.#answered();
    onList(items);
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { client, path, labelSelector, fieldSelector, onChange } = this.#options;
    const lines = await client.lines(path, {
      query: {
        labelSelector,
        fieldSelector,
        watch: true,
        allowWatchBookmarks: true,
        resourceVersion: this.#version,
        timeoutSeconds: watchSeconds,
      },
      signal,
      silenceMs,
    });
    this.#answered();
    const since = Date.now();
    let isEmpty = true;
    for await (const line of lines) {
      isEmpty = false;
      const read = readWatchLine<T>(line);
      if (read === undefined) continue;
      if (read.type === 'ERROR') throw new ClusterRefusal(read.status, read.reason, read.message);
      this.#version = read.object.metadata.resourceVersion ?? this.#version;
      if (read.type !== 'BOOKMARK') onChange(read.type, read.object);
    }
    // Such an API would be asked again and again.
    if (isEmpty && Date.now() - since < retryFirstMs) throw new ClusterUnreachable('the watch ended at once');
  }

  #answered(): void {
    if (this.#failures >= failuresUntilAway) this.#options.onBack?.();
    this.#failures = 0;
  }

  async #failed(error: unknown, signal: AbortSignal): Promise<void> {
    const { log, path, onAway } = this.#options;
    // Too long ago for the API to know what has changed since; or something was said that could not be read.
    const isStale = error instanceof ClusterRefusal && error.status === 410;
    if (isStale || error instanceof TypeError || error instanceof SyntaxError) this.#version = undefined;
    if (isStale && this.#failures === 0) return;
    this.#failures += 1;
    const message = error instanceof Error ? error.message : String(error);
    log.debug({ err: error, path }, 'the watch of the cluster has failed');
    if (this.#failures === failuresUntilAway) onAway?.(message);
    const most = Math.min(retryFirstMs * 2 ** (this.#failures - 1), retryMaxMs);
    await delay(most * (0.5 + Math.random() / 2), undefined, { signal, ref: false }).catch(() => undefined);
  }
}
