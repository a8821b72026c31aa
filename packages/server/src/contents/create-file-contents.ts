import { join, resolve } from 'node:path';
import type { EventBus } from '../events/event-bus.ts';
import type { OptionValues } from '../http/option-values.ts';
import type { Contents } from './contents.ts';
import { locate } from './disk/location.ts';
import type { DiskSettings } from './disk/settings.ts';
import { FileContents } from './file-contents.ts';
import type { contentsOptions } from './options.ts';
import { WorkerPool } from './worker-pool.ts';

export type ContentsOptions = OptionValues<typeof contentsOptions>;

export interface FileContentsServiceOptions {
  readonly root: string;
  readonly options: ContentsOptions;
  /** Jupyter's data folder, where the key and the records of trust are. Undefined: nothing is trusted. */
  readonly dataDir?: string | undefined;
  /** `$XDG_DATA_HOME`, or what stands for it: the trash is in it. */
  readonly dataHome: string;
  readonly events: EventBus;
  /** The worker's program, in a bundle. */
  readonly workerUrl?: URL;
}

export interface FileContentsService {
  readonly contents: Contents;
  /** The same folder as plain files, for `/files`. */
  readonly files: Pick<DiskSettings, 'root' | 'allowHidden' | 'followLinksOutside'>;
  /** Absolute path of what an API path means, whether or not it is there. Throws for what is outside the root, by links too. */
  readonly resolve: (apiPath: string) => string;
  /** The same for another folder, of one user: by the same threads. */
  readonly forUser: (root: string, username: string) => Omit<FileContentsService, 'close' | 'forUser'>;
  close(): Promise<void>;
}

/** Contents of a folder, with the threads that do the work. */
export function createFileContents(service: FileContentsServiceOptions): FileContentsService {
  const { options } = service;
  const settings: DiskSettings = {
    root: resolve(service.root),
    allowHidden: options.allowHidden,
    hideGlobs: options.hideGlobs,
    followLinksOutside: options.followLinksOutside,
    deleteToTrash: options.deleteToTrash,
    alwaysDeleteDir: options.alwaysDeleteDir,
    useFsync: options.useFsync,
    maxContentBytes: options.maxContentBytes,
    maxJsonValues: options.maxJsonValues,
    maxCopyFolderMb: options.maxCopyFolderMb,
    abandonUploadS: options.abandonUploadS,
    dataDir: service.dataDir,
    trashDir: join(service.dataHome, 'Trash'),
  };
  const pool = new WorkerPool({
    workers: options.fileWorkers,
    idleS: options.fileWorkerIdleS,
    maxQueued: options.maxQueuedFileJobs,
    ...(service.workerUrl === undefined ? {} : { url: service.workerUrl }),
  });
  const of = (root: string, events: EventBus) => {
    const own = { ...settings, root: resolve(root) };
    return {
      contents: new FileContents({ settings: own, pool, events }),
      files: own,
      resolve: (apiPath: string) => locate(apiPath, own).osPath,
    };
  };
  const { contents, ...rest } = of(service.root, service.events);
  return {
    contents,
    ...rest,
    forUser: (root, username) =>
      of(root, {
        emit: (schemaId, data) => service.events.emit(schemaId, data, username),
        subscribe: (listener) => service.events.subscribe(listener),
      }),
    async close() {
      contents.close();
      await pool.close();
    },
  };
}
