/** What every object of the API has (Kubernetes API reference, "ObjectMeta"). */
export interface ClusterObject {
  readonly metadata: {
    readonly name?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
  };
}

export type WatchLine<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; readonly object: T }
  | { readonly type: 'ERROR'; readonly status: number; readonly reason: string; readonly message: string };

const types = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK']);

/**
 * Reads a line of a watch (Kubernetes API reference, "WatchEvent"). Undefined for an empty one. Throws for one that is no event: what
 * it said would be missed, so that the watch has to begin anew.
 */
export function readWatchLine<T extends ClusterObject>(line: string): WatchLine<T> | undefined {
  if (line.trim() === '') return undefined;
  const { type, object } = JSON.parse(line) as {
    type?: unknown;
    object?: Partial<T> & Record<string, unknown>;
  };
  if (type === 'ERROR') {
    const {
      code = 500,
      reason = '',
      message = 'the watch has ended',
    } = (object ?? {}) as Record<string, unknown>;
    return { type, status: Number(code), reason: String(reason), message: String(message) };
  }
  if (typeof type !== 'string' || !types.has(type) || typeof object?.metadata !== 'object') {
    throw new TypeError(`a line of a watch is no event: ${line.slice(0, 200)}`);
  }
  return { type: type as 'ADDED', object: object as unknown as T };
}
