import {
  KernelError,
  type Exit,
  type KernelLink,
  type LaunchContext,
  type LaunchPhase,
  type LinkOptions,
  type PlaceNews,
  type ProvisionedHandle,
  type ProvisionedKernel,
} from '@perijove/kernels';
import { errorTextOf, GatewayUnreachable, type GatewayClient } from './gateway-client.ts';
import { exitByAbsence, exitByEvent, exitByModel } from './gateway-exit.ts';
import { GatewayLink, type UpstreamCursor } from './gateway-link.ts';
import type { GatewayKernelEvent, GatewayKernelModel } from './gateway-models.ts';
import type { GatewayWatch, Watched } from './gateway-watch.ts';

export interface GatewayKernelOptions {
  readonly client: GatewayClient;
  readonly watch: GatewayWatch;
  readonly kernelId: string;
  /** Enterprise Gateway and ours take our id; another may have given one of its own. */
  readonly gatewayId: string;
  readonly cursor: UpstreamCursor;
  readonly link: {
    readonly connectTimeoutMs: number;
    readonly retryMaxMs: number;
    readonly maxMessageBytes: number;
  };
  /** Of its launch: what the gateway says of it until it runs. */
  readonly report: LaunchContext['report'];
  /** It is to be restarted: it stays at the gateway until the launch that follows, or a short while if none does. */
  readonly keepForRestart: (kernel: GatewayKernel) => void;
}

const phases: Readonly<Record<string, LaunchPhase>> = {
  scheduling: 'scheduling',
  pulling: 'pulling',
  launching: 'starting',
  starting: 'starting',
  connecting: 'connecting',
};

/** A kernel that a gateway runs for us. */
export class GatewayKernel implements ProvisionedKernel, Watched {
  readonly handle: ProvisionedHandle;
  readonly connection = this;
  readonly exited: Promise<Exit>;
  readonly gatewayId: string;
  readonly cursor: UpstreamCursor;
  readonly #options: GatewayKernelOptions;
  #settle: (exit: Exit) => void = () => undefined;
  #link: GatewayLink | undefined;
  #tellPlace: (news: PlaceNews) => void = () => undefined;
  #isAway = false;
  #destruction: Promise<void> | undefined;
  #isKeptForRestart = false;

  /** Why it waits there, as it was last told. */
  #wait: string | undefined;

  constructor(options: GatewayKernelOptions) {
    const { kernelId, gatewayId } = options;
    this.#options = options;
    this.gatewayId = gatewayId;
    this.cursor = options.cursor;
    this.handle = { provisioner: 'gateway', kernelId, gatewayId, gateway: options.client.place };
    this.exited = new Promise((resolve) => (this.#settle = resolve));
    options.watch.add(this);
  }

  get kernelId(): string {
    return this.#options.kernelId;
  }

  openLink(options: LinkOptions): KernelLink {
    const { client, watch, link } = this.#options;
    this.#link = new GatewayLink({
      ...options,
      ...link,
      cursor: this.cursor,
      url: client.socketUrl(`${this.#path}/channels`),
      credentials: () => client.credentials(),
      onTrouble: () => watch.lookNow(),
    });
    return this.#link;
  }

  async interrupt(): Promise<void> {
    const { client, watch } = this.#options;
    const answer = await client.ask('POST', `${this.#path}/interrupt`).catch((error: unknown) => {
      throw new KernelError('KERNEL_NO_REPLY', wordsOf(error), { cause: error });
    });
    if (answer.status < 300) return;
    watch.lookNow();
    throw new KernelError('KERNEL_NO_REPLY', `${client.place}: ${errorTextOf(answer)}`);
  }

  async requestShutdown(restart: boolean): Promise<void> {
    if (!restart) return this.destroy(0);
    this.#isKeptForRestart = true;
    this.#end({ reason: 'destroyed', message: 'it is to be started again' });
  }

  destroy(_graceMs: number): Promise<void> {
    if (this.#isKeptForRestart) {
      this.#isKeptForRestart = false;
      this.#options.keepForRestart(this);
      this.#destruction = Promise.resolve();
    }
    this.#destruction ??= this.remove().catch((error: unknown) => {
      this.#destruction = undefined;
      throw error;
    });
    return this.#destruction;
  }

  /** The gateway ends it, politely, with a grace of its own. Rejects if the gateway does not say that it has. */
  async remove(): Promise<void> {
    const { client } = this.#options;
    const answer = await client.ask('DELETE', this.#path);
    if (answer.status >= 300 && answer.status !== 404 && answer.status !== 410) {
      throw new GatewayUnreachable(`${client.place} does not end the kernel: ${errorTextOf(answer)}`);
    }
    this.#end({ reason: 'destroyed', message: 'it was shut down' });
  }

  watchPlace(listener: (news: PlaceNews) => void): void {
    this.#tellPlace = listener;
  }

  seen(model: GatewayKernelModel): void {
    if (model.execution_state === 'dead') return this.#end(exitByModel(model));
    this.#tellWait(model.perijove?.message);
  }

  missing(): void {
    this.#end(exitByAbsence(this.#options.client.place));
  }

  heard(event: GatewayKernelEvent): void {
    if (event.schema_id.includes('/kernel_death/')) {
      if (event.restarting !== true) this.#end(exitByEvent(event));
      return;
    }
    const phase = phases[event.phase ?? ''];
    if (event.phase === 'queued') this.#tellWait(event.message);
    else if (phase !== undefined) this.#options.report(phase, event.message ?? '', event.detail);
  }

  /** Each reason once: it comes by events, and by models. */
  #tellWait(message: string | undefined): void {
    if (message === undefined || message === this.#wait) return;
    this.#wait = message;
    this.#options.report('scheduling', message);
  }

  away(message: string): void {
    if (this.#isAway) return;
    this.#isAway = true;
    this.#tellPlace({ type: 'lost', message });
  }

  back(): void {
    if (!this.#isAway) return;
    this.#isAway = false;
    this.#link?.retryNow();
    this.#tellPlace({ type: 'found' });
  }

  #end(exit: Exit): void {
    this.#options.watch.remove(this);
    this.#settle(exit);
  }

  get #path(): string {
    return `/api/kernels/${encodeURIComponent(this.gatewayId)}`;
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
