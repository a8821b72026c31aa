import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { ServerError } from '../errors.ts';
import type { ServerErrorCode } from '../errors.ts';
import type { DiskSettings } from './disk/settings.ts';
import type { OperationArguments, OperationName, OperationResult } from './operations.ts';
import { workerUrl } from './worker-url.ts';

export interface WorkerPoolOptions {
  /** Threads at most; 0 is one a core, between 2 and 8. */
  readonly workers: number;
  readonly idleS: number;
  readonly maxQueued: number;
  /** The worker's program, where that is not the usual place (a bundle). */
  readonly url?: URL;
}

export interface WorkerRequest {
  readonly id: number;
  readonly name: OperationName;
  readonly settings: DiskSettings;
  readonly args: readonly unknown[];
}

export interface WorkerReply {
  readonly id: number;
  readonly result?: unknown;
  readonly failure?: {
    readonly code: ServerErrorCode;
    readonly message: string;
    readonly reason: string | undefined;
    readonly cause: string | undefined;
  };
  /** An error that nobody foresaw, with its stack for the log. */
  readonly crash?: string;
}

export interface JobOptions {
  /** Whether it may take long: then it never takes the last thread, which is for the quick ones. */
  readonly isBig?: boolean;
  readonly transfer?: readonly ArrayBuffer[];
}

interface Job {
  readonly request: WorkerRequest;
  readonly isBig: boolean;
  readonly transfer: readonly ArrayBuffer[];
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

interface Thread {
  readonly worker: Worker;
  job: Job | undefined;
  idleTimer: NodeJS.Timeout | undefined;
}

/**
 * Threads for the work that would hold up everybody else. They start when there is something to do and end when
 * there was nothing for a while. A thread that dies fails the job that it had, no other.
 */
export class WorkerPool {
  private readonly threads = new Set<Thread>();
  private readonly queue: Job[] = [];
  private readonly maxThreads: number;
  private readonly options: WorkerPoolOptions;
  private nextId = 1;
  private isClosed = false;

  constructor(options: WorkerPoolOptions) {
    this.options = options;
    this.maxThreads =
      options.workers === 0 ? Math.min(8, Math.max(2, availableParallelism())) : options.workers;
  }

  /** Rejects with UNAVAILABLE when too much is waiting already, or when the thread died over it. */
  run<Name extends OperationName>(
    name: Name,
    settings: DiskSettings,
    args: OperationArguments<Name>,
    options: JobOptions = {},
  ): Promise<OperationResult<Name>> {
    if (this.isClosed) return Promise.reject(new ServerError('UNAVAILABLE', 'The server is shutting down'));
    if (this.queue.length >= this.options.maxQueued)
      return Promise.reject(
        new ServerError('UNAVAILABLE', 'Too many requests for files wait already; try again'),
      );
    return new Promise((resolve, reject) => {
      this.queue.push({
        request: { id: this.nextId++, name, settings, args },
        isBig: options.isBig ?? false,
        transfer: options.transfer ?? [],
        resolve: (result) => resolve(result as OperationResult<Name>),
        reject,
      });
      this.dispatch();
    });
  }

  get threadCount(): number {
    return this.threads.size;
  }

  /** Ends all threads; jobs that wait or run are rejected. */
  async close(): Promise<void> {
    this.isClosed = true;
    const closed = new ServerError('UNAVAILABLE', 'The server is shutting down');
    for (const job of this.queue.splice(0)) job.reject(closed);
    await Promise.all([...this.threads].map((thread) => this.end(thread, closed)));
  }

  private dispatch(): void {
    for (;;) {
      const index = this.queue.findIndex((job) => !job.isBig || this.mayRunBig());
      if (index < 0) return;
      const thread = this.freeThread();
      if (thread === undefined) return;
      const [job] = this.queue.splice(index, 1);
      this.start(thread, job!);
    }
  }

  private mayRunBig(): boolean {
    let running = 0;
    for (const thread of this.threads) if (thread.job?.isBig) running++;
    return running < Math.max(1, this.maxThreads - 1);
  }

  private freeThread(): Thread | undefined {
    for (const thread of this.threads) if (thread.job === undefined) return thread;
    return this.threads.size < this.maxThreads ? this.startThread() : undefined;
  }

  private startThread(): Thread {
    const worker = new Worker(this.options.url ?? workerUrl, {
      name: 'perijove contents',
      // Nearly all of a notebook's tree lives until the job ends: a larger nursery spares copying it about.
      resourceLimits: { maxYoungGenerationSizeMb: 64 },
    });
    const thread: Thread = { worker, job: undefined, idleTimer: undefined };
    this.threads.add(thread);
    // A thread without a job keeps no process alive.
    worker.unref();
    worker.on('message', (reply: WorkerReply) => this.finish(thread, reply));
    worker.on('error', (error) => void this.end(thread, died(error)));
    worker.on('exit', () => void this.end(thread, died(undefined)));
    return thread;
  }

  private start(thread: Thread, job: Job): void {
    clearTimeout(thread.idleTimer);
    thread.job = job;
    thread.worker.ref();
    thread.worker.postMessage(job.request, job.transfer);
  }

  private finish(thread: Thread, reply: WorkerReply): void {
    const { job } = thread;
    if (job === undefined || job.request.id !== reply.id) return;
    thread.job = undefined;
    thread.worker.unref();
    thread.idleTimer = setTimeout(
      () => void this.end(thread, died(undefined)),
      this.options.idleS * 1000,
    ).unref();
    settle(job, reply);
    this.dispatch();
  }

  private async end(thread: Thread, reason: unknown): Promise<void> {
    if (!this.threads.delete(thread)) return;
    clearTimeout(thread.idleTimer);
    thread.job?.reject(reason);
    thread.job = undefined;
    if (!this.isClosed) this.dispatch();
    await thread.worker.terminate();
  }
}

function settle(job: Job, reply: WorkerReply): void {
  if (reply.crash !== undefined) job.reject(new Error(`contents ${job.request.name}: ${reply.crash}`));
  else if (reply.failure === undefined) job.resolve(reply.result);
  else {
    const { code, message, reason, cause } = reply.failure;
    job.reject(
      new ServerError(code, message, {
        ...(reason === undefined ? {} : { reason }),
        ...(cause === undefined ? {} : { cause: new Error(cause) }),
      }),
    );
  }
}

function died(cause: unknown): ServerError {
  return new ServerError('UNAVAILABLE', 'The thread that worked on this file ended unexpectedly; try again', {
    cause,
  });
}
