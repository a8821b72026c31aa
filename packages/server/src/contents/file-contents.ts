import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { EventBus } from '../events/event-bus.ts';
import type {
  BodyBlocks,
  Checkpoint,
  Contents,
  ContentsModel,
  GetOptions,
  RenderedModel,
} from './contents.ts';
import type { DiskSettings } from './disk/settings.ts';
import type { JobOptions, WorkerPool } from './worker-pool.ts';
import type { OperationArguments, OperationName, OperationResult } from './operations.ts';

export interface FileContentsDeps {
  readonly settings: DiskSettings;
  readonly pool: WorkerPool;
  readonly events: EventBus;
}

const eventSchema = 'https://events.jupyter.org/jupyter_server/contents_service/v1';
/** From this size of a request on, it counts as one that may take long. */
const bigBytes = 1024 * 1024;
/** A folder whose own entry in the file system is this large has several thousand files. */
const bigFolderBytes = 256 * 1024;

/** Contents in a folder of this machine. All work is done in the pool's threads. */
export class FileContents implements Contents {
  private readonly settings: DiskSettings;
  private readonly pool: WorkerPool;
  private readonly events: EventBus;
  private readonly sweeps = new Map<string, NodeJS.Timeout>();

  constructor(deps: FileContentsDeps) {
    this.settings = { ...deps.settings, root: resolve(deps.settings.root) };
    this.pool = deps.pool;
    this.events = deps.events;
  }

  async get(path: string, options: GetOptions): Promise<RenderedModel> {
    const isBig = (options.content || options.hash) && (await this.isBig(path));
    const model = withBuffer(await this.run('get', [path, options], { isBig }));
    this.emit('get', model.path);
    return model;
  }

  async save(path: string, body: BodyBlocks): Promise<RenderedModel & { created: boolean }> {
    const saved = await this.run('save', [path, body], {
      isBig: body.length >= bigBytes,
      transfer: body.blocks,
    });
    if (saved.uploadingInto !== undefined) this.sweepLater(saved.uploadingInto);
    this.emit('save', saved.path);
    return { ...withBuffer(saved), created: saved.created };
  }

  async createUntitled(
    directory: string,
    options: { type?: ContentsModel['type'] | undefined; ext?: string | undefined },
  ): Promise<RenderedModel> {
    const model = withBuffer(await this.run('createUntitled', [directory, options]));
    this.emit('save', model.path);
    return model;
  }

  async copy(from: string, to: string): Promise<RenderedModel> {
    const model = withBuffer(await this.run('copy', [from, to], { isBig: true }));
    this.emit('copy', model.path, trimmed(from));
    return model;
  }

  async rename(from: string, to: string): Promise<RenderedModel> {
    const model = withBuffer(await this.run('rename', [from, to]));
    if (model.path !== trimmed(from)) this.emit('rename', model.path, trimmed(from));
    return model;
  }

  async delete(path: string): Promise<void> {
    await this.run('delete', [path], { isBig: true });
    this.emit('delete', trimmed(path));
  }

  isFile(path: string): Promise<boolean> {
    return this.run('isFile', [path]);
  }

  listCheckpoints(path: string): Promise<Checkpoint[]> {
    return this.run('listCheckpoints', [path]);
  }

  createCheckpoint(path: string): Promise<Checkpoint> {
    return this.run('createCheckpoint', [path]);
  }

  restoreCheckpoint(path: string, id: string): Promise<void> {
    return this.run('restoreCheckpoint', [path, id]);
  }

  deleteCheckpoint(path: string, id: string): Promise<void> {
    return this.run('deleteCheckpoint', [path, id]);
  }

  async trust(path: string): Promise<void> {
    await this.run('trust', [path], { isBig: true });
  }

  /** Ends the timers. The pool is its owner's to close. */
  close(): void {
    for (const timer of this.sweeps.values()) clearTimeout(timer);
    this.sweeps.clear();
  }

  private run<Name extends OperationName>(
    name: Name,
    args: OperationArguments<Name>,
    options?: JobOptions,
  ): Promise<OperationResult<Name>> {
    return this.pool.run(name, this.settings, args, options);
  }

  /** A guess only, so no matter where the path leads: the operation itself decides that. */
  private async isBig(path: string): Promise<boolean> {
    try {
      const stats = await stat(join(this.settings.root, path));
      return stats.size >= (stats.isDirectory() ? bigFolderBytes : bigBytes);
    } catch {
      return false; // It is not there, or cannot be: that is told quickly.
    }
  }

  private sweepLater(folder: string): void {
    if (this.sweeps.has(folder)) return;
    const delay = Math.min(this.settings.abandonUploadS * 1000 + 100, 2 ** 31 - 1);
    this.sweeps.set(folder, setTimeout(() => void this.sweep(folder), delay).unref());
  }

  private async sweep(folder: string): Promise<void> {
    this.sweeps.delete(folder);
    try {
      if (await this.run('removeAbandonedUploads', [folder, Date.now()])) this.sweepLater(folder);
    } catch {
      // The folder is gone or closed to us, and with it what was to be removed.
    }
  }

  private emit(action: string, path: string, source?: string): void {
    this.events.emit(eventSchema, { action, path, ...(source === undefined ? {} : { source_path: source }) });
  }
}

/** What comes out of a worker is a Uint8Array. */
function withBuffer(model: RenderedModel): RenderedModel {
  const { buffer, byteOffset, byteLength } = model.json;
  return { ...model, json: Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength) };
}

function trimmed(path: string): string {
  return path
    .split('/')
    .filter((segment) => segment !== '')
    .join('/');
}
