import { mkdir, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { KernelRecord } from './kernel-record.ts';
import type { KernelStore } from './kernel-store.ts';
import type { Log } from './log.ts';
import { readVersionedFile, setAside, writeVersionedFile } from './versioned-file.ts';

const version = 1;

export interface FileKernelStoreOptions {
  /** Folder of the records, one file a kernel, so that damage costs one kernel and not all. */
  readonly folder: string;
  readonly log: Log;
  /** How long `putSoon` waits for more of the same kernel. */
  readonly soonMs: number;
}

/** Keeps kernels' records as files. One process at a time: see `StateFolder`. */
export class FileKernelStore implements KernelStore {
  readonly #options: FileKernelStoreOptions;
  readonly #writers = new Map<string, RecordWriter>();

  constructor(options: FileKernelStoreOptions) {
    this.#options = options;
  }

  async load(): Promise<readonly KernelRecord[]> {
    const { folder, log } = this.#options;
    await this.#makeFolder();
    const records: KernelRecord[] = [];
    for (const name of (await readdir(folder)).toSorted()) {
      const path = join(folder, name);
      if (name.endsWith('.tmp')) {
        // A write that a crash interrupted; what it was to replace is still there.
        await unlink(path).catch((error: unknown) => {
          log.warn({ err: error, path }, 'what an interrupted write left cannot be removed');
        });
      } else if (name.endsWith('.json')) {
        const record = await readVersionedFile(path, { schema: KernelRecord, version, log });
        // Under another kernel's name it would be written and removed as that one.
        if (record && name !== `${record.id}.json`) await setAside(path, `of kernel ${record.id}`, log);
        else if (record) records.push(record);
      }
    }
    return records;
  }

  put(record: KernelRecord): Promise<void> {
    return this.#writer(record.id).put(record);
  }

  putSoon(record: KernelRecord): void {
    this.#writer(record.id).putSoon(record);
  }

  async remove(id: string): Promise<void> {
    const writer = this.#writers.get(id);
    this.#writers.delete(id);
    await writer?.end();
    try {
      await unlink(this.#path(id));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  async flush(): Promise<void> {
    await Promise.all([...this.#writers.values()].map((writer) => writer.flush()));
  }

  async #makeFolder(): Promise<void> {
    const { folder, log } = this.#options;
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      await setAside(folder, 'not a folder', log);
      await mkdir(folder, { recursive: true, mode: 0o700 });
    }
  }

  #writer(id: string): RecordWriter {
    let writer = this.#writers.get(id);
    if (!writer) {
      const { log, soonMs } = this.#options;
      writer = new RecordWriter((record) => writeVersionedFile(this.#path(id), version, record), {
        log,
        soonMs,
      });
      this.#writers.set(id, writer);
    }
    return writer;
  }

  #path(id: string): string {
    return join(this.#options.folder, `${id}.json`);
  }
}

/** Writes one kernel's record: one write at a time, and what came meanwhile with the next one, so that a burst costs two. */
class RecordWriter {
  readonly #write: (record: KernelRecord) => Promise<void>;
  readonly #log: Log;
  readonly #soonMs: number;
  #newest: KernelRecord | undefined;
  #writing: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #soon: NodeJS.Timeout | undefined;

  constructor(write: (record: KernelRecord) => Promise<void>, { log, soonMs }: { log: Log; soonMs: number }) {
    this.#write = write;
    this.#log = log;
    this.#soonMs = soonMs;
  }

  put(record: KernelRecord): Promise<void> {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    this.#newest = record;
    if (!this.#writing) return this.#writeNewest();
    this.#next ??= this.#writing.catch(() => {}).then(() => this.#writeNewest());
    return this.#next;
  }

  putSoon(record: KernelRecord): void {
    this.#newest = record;
    this.#soon ??= setTimeout(() => void this.flush(), this.#soonMs).unref();
  }

  async flush(): Promise<void> {
    try {
      if (this.#soon && this.#newest) await this.put(this.#newest);
      else await (this.#next ?? this.#writing);
    } catch (error) {
      this.#log.warn({ err: error }, "a kernel's activity cannot be written");
    }
  }

  async end(): Promise<void> {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    await (this.#next ?? this.#writing)?.catch(() => {});
  }

  #writeNewest(): Promise<void> {
    this.#next = undefined;
    const record = this.#newest!;
    this.#writing = this.#write(record).finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }
}
