import { KernelError } from './kernel-error.ts';
import type { Log } from './log.ts';
import type { LaunchContext, LaunchRequest, ProvisionedKernel, Provisioner } from './provisioner.ts';

export interface LaunchesOptions {
  readonly kernelId: string;
  readonly provisioner: Provisioner;
  /** Asked anew for each launch. If it rejects, the launch has failed. */
  readonly request: () => Promise<LaunchRequest>;
  readonly report: LaunchContext['report'];
  readonly onLaunched: (provisioned: ProvisionedKernel) => void;
  readonly onFailed: (error: KernelError) => void;
  readonly log: Log;
}

/**
 * The launches of one kernel, one at a time: the next begins when the former's remains are gone. What comes of a launch that
 * another one has taken the place of is not told, only removed.
 */
export class Launches {
  readonly #options: LaunchesOptions;
  #current: { readonly abort: AbortController; readonly settled: Promise<void> } | undefined;

  constructor(options: LaunchesOptions) {
    this.#options = options;
  }

  start(): void {
    const abort = new AbortController();
    const before = this.#current?.settled;
    const isCurrent = (): boolean => this.#current?.abort === abort;
    const settled = (async () => {
      await before;
      await this.#launch(abort.signal, isCurrent);
      if (isCurrent()) this.#current = undefined;
    })();
    this.#current = { abort, settled };
  }

  /** Calls off the launch under way, which then fails; so does what is not under way any more. */
  abort(): void {
    if (this.#current) this.#current.abort.abort();
    else this.#options.onFailed(new KernelError('KERNEL_LAUNCH_FAILED', 'the start was called off'));
  }

  get isUnderWay(): boolean {
    return this.#current !== undefined;
  }

  /** Resolves when no launch is under way. */
  async settled(): Promise<void> {
    await this.#current?.settled;
  }

  async #launch(signal: AbortSignal, isCurrent: () => boolean): Promise<void> {
    const { kernelId, provisioner, request, report, log } = this.#options;
    let provisioned: ProvisionedKernel;
    try {
      provisioned = await provisioner.launch(await request(), { signal, report });
    } catch (error) {
      // A kernelspec that cannot start is its author's fault, not ours: the reason in one line. All else has its stack.
      const declared = error instanceof KernelError;
      log.warn(
        { kernelId, ...(declared ? { code: error.code, reason: error.message } : { err: error }) },
        'a kernel could not be started',
      );
      if (isCurrent()) {
        // Nothing is left of it: whoever is told may count on that.
        this.#current = undefined;
        this.#options.onFailed(asKernelError(error));
      }
      return;
    }
    if (isCurrent()) this.#options.onLaunched(provisioned);
    else await provisioned.destroy(0);
  }
}

function asKernelError(error: unknown): KernelError {
  if (error instanceof KernelError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new KernelError('KERNEL_LAUNCH_FAILED', message, { cause: error });
}
