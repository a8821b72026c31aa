import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '@perijove/kernels';
import { errorTextOf, GatewayUnreachable, type GatewayClient } from './gateway-client.ts';
import { GatewayEvents } from './gateway-events.ts';
import {
  GatewayKernelModel,
  GatewayKernelModels,
  readModel,
  type GatewayKernelEvent,
} from './gateway-models.ts';
import { retryDelayMs } from './retry-delay.ts';

/** One kernel that is looked after. */
export interface Watched {
  readonly gatewayId: string;
  /** What the gateway says of it now. */
  seen(model: GatewayKernelModel): void;
  /** The gateway has answered that it knows no such kernel. */
  missing(): void;
  heard(event: GatewayKernelEvent): void;
  /** The gateway cannot be asked. May be repeated. */
  away(message: string): void;
  /** It can be asked again. */
  back(): void;
}

export interface GatewayWatchOptions {
  readonly client: GatewayClient;
  readonly log: Log;
  readonly pollMs: number;
  readonly retryMaxMs: number;
}

/** One request that fails may be chance. */
const failuresUntilAway = 2;
const pollTimeoutMs = 15_000;
/** Where each kernel has to be asked for by itself: so many at a time, and no more than that many a second. */
const atATime = 4;
const singlesPerSecond = 20;

/**
 * Looks after the kernels of one gateway: hears its events, where it has them, and asks in intervals for all kernels at once. As
 * long as there are none, nothing is asked. That a kernel is gone is only said when the gateway has answered so.
 */
export class GatewayWatch {
  readonly #options: GatewayWatchOptions;
  readonly #kernels = new Map<string, Watched>();
  readonly #events: GatewayEvents;
  #isRunning = false;
  #wake = new AbortController();
  #failures = 0;
  /** Enterprise Gateway lists kernels only if it is told to. */
  #mayList = true;

  constructor(options: GatewayWatchOptions) {
    this.#options = options;
    this.#events = new GatewayEvents({
      ...options,
      onEvent: (event) => this.#kernels.get(event.kernel_id)?.heard(event),
      onOpen: () => this.lookNow(),
    });
  }

  add(kernel: Watched): void {
    this.#kernels.set(kernel.gatewayId, kernel);
    if (this.#isRunning) return;
    this.#isRunning = true;
    void this.#run();
  }

  remove(kernel: Watched): void {
    if (this.#kernels.get(kernel.gatewayId) !== kernel) return;
    this.#kernels.delete(kernel.gatewayId);
    if (this.#kernels.size === 0) this.lookNow();
  }

  /** Something says that a look is worth while. */
  lookNow(): void {
    this.#wake.abort();
  }

  /** Looks after nothing any more. */
  close(): void {
    this.#kernels.clear();
    this.#events.stop();
    this.lookNow();
  }

  async #run(): Promise<void> {
    this.#events.start();
    while (this.#kernels.size > 0) {
      // oxlint-disable-next-line no-await-in-loop
      await this.#sleep(this.#pauseMs());
      if (this.#kernels.size === 0) break;
      // oxlint-disable-next-line no-await-in-loop
      await this.#look();
    }
    this.#isRunning = false;
    this.#events.stop();
  }

  #pauseMs(): number {
    const { pollMs, retryMaxMs } = this.#options;
    if (this.#failures > 0) return retryDelayMs(this.#failures + 1, retryMaxMs, Math.random());
    const least = this.#mayList ? 0 : (this.#kernels.size * 1000) / singlesPerSecond;
    // By chance, so that the servers of one gateway do not ask all at once.
    return Math.max(pollMs, least) * (0.8 + 0.4 * Math.random());
  }

  /** Nothing that watches keeps a process from ending. */
  async #sleep(ms: number): Promise<void> {
    const { signal } = this.#wake;
    await delay(ms, undefined, { ref: false, signal }).catch(() => undefined);
    if (signal.aborted) this.#wake = new AbortController();
  }

  async #look(): Promise<void> {
    try {
      await this.#ask();
    } catch (error) {
      if (!(error instanceof GatewayUnreachable)) throw error;
      this.#failures++;
      if (this.#failures === failuresUntilAway) this.#options.log.warn({}, error.message);
      if (this.#failures < failuresUntilAway) return;
      for (const kernel of this.#kernels.values()) kernel.away(error.message);
      return;
    }
    if (this.#failures >= failuresUntilAway) this.#options.log.info({}, 'the gateway answers again');
    this.#failures = 0;
    for (const kernel of this.#kernels.values()) kernel.back();
  }

  async #ask(): Promise<void> {
    const { client } = this.#options;
    if (this.#mayList) {
      const answer = await client.ask('GET', '/api/kernels', { timeoutMs: pollTimeoutMs });
      const models = answer.status === 200 ? readModel(GatewayKernelModels, answer.body) : undefined;
      if (models) return this.#compare(new Map(models.map((model) => [model.id, model])));
      if (![403, 404, 405].includes(answer.status)) throw unexpected(client, answer);
    }
    await this.#askSingly([...this.#kernels.values()]);
    this.#mayList = false;
  }

  async #compare(models: ReadonlyMap<string, GatewayKernelModel>): Promise<void> {
    const unlisted: Watched[] = [];
    for (const kernel of this.#kernels.values()) {
      const model = models.get(kernel.gatewayId);
      if (model) kernel.seen(model);
      else unlisted.push(kernel);
    }
    // It may have been started since the list was made.
    await this.#askSingly(unlisted);
  }

  async #askSingly(kernels: readonly Watched[]): Promise<void> {
    const waiting = [...kernels];
    const next = async (): Promise<void> => {
      for (let kernel = waiting.shift(); kernel; kernel = waiting.shift()) {
        // oxlint-disable-next-line no-await-in-loop
        const model = await findKernel(this.#options.client, kernel.gatewayId);
        if (model) kernel.seen(model);
        else kernel.missing();
      }
    };
    await Promise.all(Array.from({ length: atATime }, next));
  }
}

/** Undefined: the gateway says that there is none. Rejects with GatewayUnreachable if it says neither. */
export async function findKernel(client: GatewayClient, id: string): Promise<GatewayKernelModel | undefined> {
  const answer = await client.ask('GET', `/api/kernels/${encodeURIComponent(id)}`, {
    timeoutMs: pollTimeoutMs,
  });
  if (answer.status === 404) return undefined;
  const model = answer.status === 200 ? readModel(GatewayKernelModel, answer.body) : undefined;
  if (!model) throw unexpected(client, answer);
  return model;
}

function unexpected(client: GatewayClient, answer: { status: number; body: Buffer }): GatewayUnreachable {
  return new GatewayUnreachable(`${client.place} does not tell of its kernels: ${errorTextOf(answer)}`);
}
