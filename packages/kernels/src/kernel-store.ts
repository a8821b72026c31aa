import type { KernelRecord } from './kernel-record.ts';

/** Where the records of a server's kernels are kept, so that the next server finds them. */
export interface KernelStore {
  /** All records that can be read. What cannot be is set aside with a warning, never an error. */
  load(): Promise<readonly KernelRecord[]>;
  /**
   * Resolves once this record, or a newer one of the same kernel, would be found by `load` of another process.
   * Until then the former one is found, never half of either. Rejects when it cannot be written (a full disk).
   */
  put(record: KernelRecord): Promise<void>;
  /** As `put`, but at some time soon: for what may be lost (activity), many a second. Never rejects. */
  putSoon(record: KernelRecord): void;
  /** Resolves once it is gone; one that is not there is gone. */
  remove(id: string): Promise<void>;
  /** Resolves when all that was put soon is written. */
  flush(): Promise<void>;
}
