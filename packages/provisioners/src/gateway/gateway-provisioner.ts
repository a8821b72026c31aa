import { setTimeout as delay } from 'node:timers/promises';
import {
  KernelError,
  type Capacity,
  type EndedKernel,
  type LaunchContext,
  type LaunchRequest,
  type Log,
  type ProvisionedHandle,
  type ProvisionedKernel,
  type Provisioner,
} from '@perijove/kernels';
import { errorTextOf, GatewayUnreachable, type GatewayClient } from './gateway-client.ts';
import { exitByModel } from './gateway-exit.ts';
import { GatewayKernel } from './gateway-kernel.ts';
import type { UpstreamCursor } from './gateway-link.ts';
import { GatewayKernelModel, readModel } from './gateway-models.ts';
import { findKernel, GatewayWatch } from './gateway-watch.ts';
import type { GatewayOptions } from './options.ts';
import { startRequestBody } from './start-request.ts';

export interface GatewayProvisionerOptions {
  readonly client: GatewayClient;
  readonly options: GatewayOptions;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The name of whoever runs this server. */
  readonly ownUsername: string;
  readonly log: Log;
}

/** A restart follows at once; if none comes, somebody has thought better of it. */
const restartWithinMs = 2000;
/** What a start that was given up may leave at the gateway is removed in so many attempts. */
const removalAttempts = 6;
/** Jupyter's own: the gateway gives a start up a little before its client does. */
const launchTimeoutPadS = 2;

/** Runs kernels at a gateway: a Perijove gateway, or Jupyter Enterprise Gateway. They live there on when this server ends. */
export function gatewayProvisioner(options: GatewayProvisionerOptions): Provisioner {
  return new GatewayProvisioner(options);
}

interface KeptForRestart {
  readonly kernel: GatewayKernel;
  readonly timer: NodeJS.Timeout;
}

class GatewayProvisioner implements Provisioner {
  readonly name = 'gateway';
  readonly #options: GatewayProvisionerOptions;
  readonly #client: GatewayClient;
  readonly #watch: GatewayWatch;
  readonly #restarts = new Map<string, KeptForRestart>();

  constructor(options: GatewayProvisionerOptions) {
    const { client, log } = options;
    this.#options = options;
    this.#client = client;
    this.#watch = new GatewayWatch({
      client,
      log,
      pollMs: options.options.gatewayPollS * 1000,
      retryMaxMs: options.options.gatewayRetryIntervalMaxS * 1000,
    });
  }

  /** The gateway admits, not this server. */
  async capacity(): Promise<Capacity> {
    return { memoryBytes: Number.MAX_SAFE_INTEGER, cpus: Number.MAX_SAFE_INTEGER };
  }

  async launch(request: LaunchRequest, context: LaunchContext): Promise<ProvisionedKernel> {
    const kept = this.#restarts.get(request.kernelId);
    if (kept) {
      this.#restarts.delete(request.kernelId);
      clearTimeout(kept.timer);
      const restarted = await this.#restart(kept.kernel, context);
      if (restarted) return restarted;
    }
    return this.#start(request, context);
  }

  async adopt(handle: ProvisionedHandle): Promise<ProvisionedKernel | EndedKernel | undefined> {
    const { kernelId, gatewayId = kernelId } = handle;
    if (handle.provisioner !== this.name || typeof kernelId !== 'string' || typeof gatewayId !== 'string') {
      return undefined;
    }
    const cursor: UpstreamCursor = { last: undefined };
    try {
      const model = await findKernel(this.#client, gatewayId);
      if (!model) return undefined;
      const kernel = this.#keep(kernelId, gatewayId, cursor);
      if (model.execution_state !== 'dead') return kernel;
      await kernel.remove();
      return { ended: exitByModel(model) };
    } catch (error) {
      if (!(error instanceof GatewayUnreachable)) throw error;
      this.#options.log.warn({ kernelId }, error.message);
      // It is there for all that is known; the watch says what becomes of it.
      return this.#keep(kernelId, gatewayId, cursor);
    }
  }

  close(): void {
    this.#watch.close();
    this.#client.close();
  }

  async #start(request: LaunchRequest, context: LaunchContext): Promise<GatewayKernel> {
    const { env, options } = this.#options;
    const { kernelId, kernelspec } = request;
    context.report('scheduling', `Asking ${this.#client.place} for ${kernelspec.spec.display_name}`);
    const body = startRequestBody(request, {
      env,
      allowedEnvs: options.gatewayAllowedEnvs,
      ownUsername: this.#options.ownUsername,
      httpUser: options.gatewayHttpUser,
      launchTimeoutS: Math.max(1, Math.floor(options.gatewayRequestTimeoutS - launchTimeoutPadS)),
    });
    try {
      const answer = await this.#client.ask('POST', '/api/kernels', {
        body,
        headers: { prefer: 'respond-async' },
        signal: context.signal,
      });
      const model = answer.status < 300 ? readModel(GatewayKernelModel, answer.body) : undefined;
      if (model) {
        const kernel = this.#keep(kernelId, model.id, { last: undefined }, context);
        // What the gateway said before it was known here; to be told once whoever asked knows that it is launched.
        setImmediate(() => kernel.seen(model));
        return kernel;
      }
      throw failure(`${this.#client.place}: ${errorTextOf(answer)}`);
    } catch (error) {
      if (error instanceof KernelError) throw error;
      // The gateway may have begun, or begin yet, what we do not wait for any longer.
      void this.#removeAbandoned(kernelId);
      throw failure(error instanceof Error ? error.message : String(error), error);
    }
  }

  /** Undefined: the gateway has nothing to restart. */
  async #restart(kernel: GatewayKernel, context: LaunchContext): Promise<GatewayKernel | undefined> {
    const { gatewayId, kernelId, cursor } = kernel;
    context.report('starting', `${this.#client.place} starts it again`);
    try {
      const answer = await this.#client.ask('POST', `/api/kernels/${encodeURIComponent(gatewayId)}/restart`, {
        signal: context.signal,
      });
      if (answer.status < 300) return this.#keep(kernelId, gatewayId, cursor, context);
      if (answer.status === 404) return undefined;
      throw failure(`${this.#client.place}: ${errorTextOf(answer)}`);
    } catch (error) {
      void this.#removeAbandoned(gatewayId);
      throw error instanceof KernelError ? error : failure((error as Error).message, error);
    }
  }

  #keep(kernelId: string, gatewayId: string, cursor: UpstreamCursor, context?: LaunchContext): GatewayKernel {
    const { options } = this.#options;
    return new GatewayKernel({
      client: this.#client,
      watch: this.#watch,
      kernelId,
      gatewayId,
      cursor,
      link: {
        connectTimeoutMs: options.gatewayConnectTimeoutS * 1000,
        retryMaxMs: options.gatewayRetryIntervalMaxS * 1000,
        maxMessageBytes: options.gatewayMaxMessageBytes,
      },
      report: (phase, message, detail) => context?.report(phase, message, detail),
      keepForRestart: (kernel) => this.#keepForRestart(kernel),
    });
  }

  #keepForRestart(kernel: GatewayKernel): void {
    const timer = setTimeout(() => {
      this.#restarts.delete(kernel.kernelId);
      void this.#removeAbandoned(kernel.gatewayId);
    }, restartWithinMs);
    this.#restarts.set(kernel.kernelId, { kernel, timer });
  }

  /** A start that is still under way at the gateway may come through after an attempt that found nothing. */
  async #removeAbandoned(gatewayId: string): Promise<void> {
    for (let attempt = 0; attempt < removalAttempts; attempt++) {
      try {
        // oxlint-disable-next-line no-await-in-loop
        const { status } = await this.#client.ask('DELETE', `/api/kernels/${encodeURIComponent(gatewayId)}`);
        if (status < 300) return;
      } catch (error) {
        this.#options.log.debug({ err: error, gatewayId }, 'a start that was given up cannot be removed yet');
      }
      // oxlint-disable-next-line no-await-in-loop
      await delay(1000 * 2 ** attempt, undefined, { ref: false });
    }
  }
}

function failure(message: string, cause?: unknown): KernelError {
  return new KernelError('KERNEL_LAUNCH_FAILED', message, { cause });
}
