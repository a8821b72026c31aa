import { randomUUID } from 'node:crypto';
import type { ExecutionState } from '@perijove/protocol';
import { Capacities } from './capacities.ts';
import { claimOf } from './claim-of.ts';
import { actionEvent, newsEvent, type KernelAction } from './kernel-events.ts';
import { Kernel } from './kernel.ts';
import { KernelError } from './kernel-error.ts';
import type { KernelNews } from './kernel-news.ts';
import { KernelQueue, type QueueCounts } from './kernel-queue.ts';
import type { KernelRecord } from './kernel-record.ts';
import type { StopReason } from './kernel-state.ts';
import type { LifeChannels } from './life-channels.ts';
import { begin } from './lifecycle-steps.ts';
import type { KernelRegistryOptions, StartRequest } from './registry-options.ts';
import { resolveResources } from './resources.ts';
import { stateAfterCrash } from './state-after-crash.ts';
import { provisionerNameOf } from './provisioner-name.ts';
import { within } from './within.ts';
import type { Provisioner } from './provisioner.ts';

/** How soon a place that could not be asked for kernels is asked again. */
const adoptRetryFirstMs = 1000;
const adoptRetryMaxMs = 30_000;

/** All kernels of a server, wherever they run. */
export class KernelRegistry<C extends LifeChannels = LifeChannels> {
  readonly #options: KernelRegistryOptions<C>;
  readonly #kernels = new Map<string, Kernel<C>>();
  readonly #forgetTimers = new Map<string, NodeJS.Timeout>();
  /** Dead kernels of which something is still being removed: their ids are not free yet. */
  readonly #forgetting = new Map<string, Promise<void>>();
  readonly #foundListeners = new Set<(id: string, note: string) => void>();
  readonly #removalListeners = new Set<(id: string) => void>();
  readonly #capacities: Capacities;
  readonly #queue: KernelQueue;
  #draining = false;

  constructor(options: KernelRegistryOptions<C>) {
    this.#options = options;
    const { provisioners, limits, log, now } = options;
    const maxAgeMs = limits.capacityIntervalMs / 2;
    this.#capacities = new Capacities({
      provisioners,
      maxAgeMs,
      timeoutMs: limits.capacityIntervalMs,
      log,
      now,
    });
    this.#queue = new KernelQueue({
      kernels: () => this.#kernels.values(),
      capacities: this.#capacities,
      limits,
    });
  }

  get(id: string): Kernel<C> | undefined {
    return this.#kernels.get(id);
  }

  /** In the order in which they were started; dead ones too, for a while. */
  list(): readonly Kernel<C>[] {
    // Those of a former server come in as their places answer.
    return [...this.#kernels.values()].toSorted((a, b) => a.record.createdAt - b.record.createdAt);
  }

  /** Like `get`, for callers to whom there must be one: KERNEL_NOT_FOUND. */
  require(id: string): Kernel<C> {
    const kernel = this.#kernels.get(id);
    if (!kernel) throw new KernelError('KERNEL_NOT_FOUND', `Kernel does not exist: ${id}`);
    return kernel;
  }

  /** How many kernels wait, and what became of all starts. */
  get queueCounts(): QueueCounts {
    return this.#queue.counts;
  }

  /** Calls back with what was kept with a kernel that no record told of, once it is listed. */
  onFound(listener: (id: string, note: string) => void): void {
    this.#foundListeners.add(listener);
  }

  /** Calls back when a kernel is not listed any more. Returns the function that ends that. */
  onRemoved(listener: (id: string) => void): () => void {
    this.#removalListeners.add(listener);
    return () => this.#removalListeners.delete(listener);
  }

  /**
   * Records a kernel and begins to launch it if there is room, else it stands in the queue: `queued`. Resolves when that is
   * written down; what comes of it: `ready`. Rejects with KERNELSPEC_NOT_FOUND, KERNEL_ID_TAKEN, PROVISIONER_UNKNOWN,
   * KERNEL_STOPPING (the server drains), KERNEL_NEVER_FITS, KERNEL_QUEUE_FULL, KERNEL_TOO_MANY_QUEUED.
   */
  async start(request: StartRequest): Promise<Kernel<C>> {
    this.#refuseWhileDraining();
    const name = request.name ?? (await this.#options.kernelspecs.defaultName());
    const kernelspec = await this.#options.kernelspecs.get(name);
    if (!kernelspec) {
      throw new KernelError(
        'KERNELSPEC_NOT_FOUND',
        `The '${name}' kernel is not available. Please pick another suitable kernel instead, or install that kernel.`,
      );
    }
    const provisioner = provisionerNameOf(kernelspec) ?? this.#options.defaultProvisioner;
    this.#provisioner(provisioner);
    await this.#capacities.look(provisioner);
    const id = request.id ?? randomUUID();
    for (
      let leaving = this.#leaving(id, request.username);
      leaving;
      leaving = this.#leaving(id, request.username)
    )
      await leaving;
    this.#refuseWhileDraining();
    const { limits, requests } = resolveResources(kernelspec, {
      defaults: this.#options.resources ?? {},
      capacity: this.#capacities.of(provisioner),
      asked: request.resources,
    });
    const now = this.#options.now();
    const asked = {
      id,
      name,
      provisioner,
      cwd: request.cwd,
      env: { ...request.env, ...this.#options.systemEnv?.({ id, kernelspec, username: request.username }) },
      username: request.username,
      resources: limits,
      requests,
      createdAt: now,
      lastActivity: now,
      executionState: 'starting' as const satisfies ExecutionState,
    };
    const admission = this.#queue.enter(claimOf(asked));
    const { state, effects } =
      admission.turn === undefined
        ? ({ state: { status: 'queued', step: 'waiting' }, effects: [] } as const)
        : begin(now, this.#options.policy);
    const kernel = this.#open({ ...asked, admission, state });
    const written = kernel.perform(effects);
    if (admission.turn === undefined) this.#queue.onRoom(kernel);
    else this.#onNews(kernel, { type: 'phase', phase: 'launching', message: 'Starting.' });
    this.#emitAction('start', kernel, undefined);
    // Whoever is told that it starts finds it again, whatever becomes of this server.
    await written;
    await this.#queue.passed();
    return kernel;
  }

  /** Interrupts what the kernel computes. Resolves when it is on its way, or, in message mode, answered. */
  async interrupt(id: string): Promise<void> {
    const kernel = this.require(id);
    const { interruptTimeoutMs } = this.#options.limits;
    await this.#act('interrupt', kernel, () => kernel.interrupt(AbortSignal.timeout(interruptTimeoutMs)));
  }

  /**
   * Starts the kernel anew under the same id, a dead one too; clients stay. Resolves at its first reply, or when a dead one
   * has to wait for room. Rejects as `start` does for a dead one that cannot be taken.
   */
  async restart(id: string): Promise<void> {
    this.#refuseWhileDraining();
    const kernel = this.require(id);
    await this.#act('restart', kernel, async () => {
      if (kernel.state.status === 'stopping') {
        throw new KernelError('KERNEL_STOPPING', `Kernel ${id} is being shut down`);
      }
      if (!kernel.isAlive) await this.#capacities.look(kernel.record.provisioner);
      const ticket = kernel.isAlive ? 0 : this.#queue.reenter(kernel);
      this.#keepListed(id);
      kernel.restart(ticket);
      await kernel.readyOrHeldUp(AbortSignal.timeout(this.#options.limits.restartTimeoutMs));
    });
  }

  /** Ends a kernel and forgets it. Resolves when nothing is left of it. */
  async stop(
    id: string,
    { reason = 'client', force = false }: { reason?: StopReason; force?: boolean } = {},
  ): Promise<void> {
    const kernel = this.require(id);
    await this.#act('shutdown', kernel, async () => {
      await kernel.stop(reason, { force });
      await this.#forget(id);
    });
  }

  /** Ends a kernel for idleness. It stays listed as dead, with that reason. */
  async cull(id: string): Promise<void> {
    const kernel = this.require(id);
    await this.#act('shutdown', kernel, async () => {
      await kernel.stop('culled');
    });
  }

  /** Ends all kernels. Resolves when all are gone, or have had time enough: what is left then, the next server ends. */
  async stopAll(reason: StopReason = 'server'): Promise<void> {
    this.#draining = true;
    this.#queue.close();
    const { policy, limits, log } = this.#options;
    const stopped = Promise.all([...this.#kernels.keys()].map((id) => this.stop(id, { reason })));
    if (!(await within(policy.shutdownGraceMs + limits.drainTimeoutMs, stopped))) {
      log.error(
        { kernels: [...this.#kernels.keys()] },
        'kernels that do not end are left to the next server',
      );
      await this.drain();
    }
  }

  /**
   * Finds the kernels that an earlier server of the same store had, or that a place remembers. Those that are there go on; those
   * that had been asked to start are started; those that are gone are listed as dead. Resolves when each is one of these, but for
   * those whose place cannot be asked: it is asked again until it answers.
   */
  async adopt(): Promise<void> {
    const records = await this.#options.store.load();
    this.#queue.recall(records);
    await Promise.all(
      records
        .toSorted((a, b) => a.createdAt - b.createdAt)
        .map((record) =>
          this.#untilDone(`kernel ${record.id} cannot be looked for`, () => this.#adoptOne(record)),
        ),
    );
    await Promise.all(
      [...this.#options.provisioners.values()].map((provisioner) =>
        this.#untilDone(`the kernels of "${provisioner.name}" cannot be looked for`, () =>
          this.#adoptFound(provisioner, new Set(records.map(({ id }) => id))),
        ),
      ),
    );
    // Only now it is known what the others hold.
    await this.#capacities.lookAll();
    for (const kernel of this.#kernels.values()) if (kernel.isWaiting) this.#queue.onRoom(kernel);
  }

  /** Leaves all kernels to the next server: writes all down, ends the clients' sockets so that they come back (1012). */
  async drain(): Promise<void> {
    this.#draining = true;
    this.#queue.close();
    const { limits, log, store } = this.#options;
    for (const timer of this.#forgetTimers.values()) clearTimeout(timer);
    const drained = Promise.all(
      [...this.#kernels.values()].map(async (kernel) => {
        await kernel.detach(limits.drainTimeoutMs);
        kernel.channels.closeClients(1012, 'service restart');
        await kernel.channels.dispose();
      }),
    ).then(() => store.flush());
    // The launches have half of this time, the disk the other.
    if (!(await within(2 * limits.drainTimeoutMs, drained))) {
      log.error(
        {},
        'the state of kernels could not be written in time; the next server looks for them anyway',
      );
    }
  }

  #refuseWhileDraining(): void {
    if (this.#draining)
      throw new KernelError('KERNEL_STOPPING', 'The server is shutting down; try again soon.');
  }

  /** Resolves after the first attempt; if that fails, there are others until the server drains, less and less often. */
  async #untilDone(what: string, attempt: () => Promise<void>, failures = 0): Promise<void> {
    try {
      await attempt();
    } catch (error) {
      const { log } = this.#options;
      if (error instanceof KernelError && error.code === 'PROVISIONER_UNKNOWN') {
        log.error({ err: error }, what);
        return;
      }
      const afterMs = Math.min(adoptRetryFirstMs * 2 ** failures, adoptRetryMaxMs);
      log.error({ err: error, afterMs }, `${what}; trying again`);
      setTimeout(() => {
        if (!this.#draining) void this.#untilDone(what, attempt, failures + 1);
      }, afterMs).unref();
    }
  }

  /** Those that no record tells of: the records are lost, or another machine's. */
  async #adoptFound(provisioner: Provisioner, recorded: ReadonlySet<string>): Promise<void> {
    const found = (await provisioner.find?.()) ?? [];
    const { now, policy } = this.#options;
    await Promise.all(
      found.map(async ({ handle, launch, launchedAt, isLaunched, note }) => {
        const { kernelId: id, kernelspec: name, ...asked } = launch;
        if (recorded.has(id) || this.#kernels.has(id)) return;
        const at = now();
        await this.#untilDone(`kernel ${id} cannot be looked for`, async () => {
          await this.#adoptOne({
            ...asked,
            id,
            name,
            provisioner: provisioner.name,
            createdAt: launchedAt,
            state: isLaunched
              ? { status: 'running', since: launchedAt, restarts: 0 }
              : { status: 'launching', step: 'starting', attempt: 1, until: at + policy.launchTimeoutMs },
            handle,
            lastActivity: at,
            // Its first answer tells what it computes; until then nobody may think that it idles.
            executionState: isLaunched ? 'busy' : 'starting',
          });
          if (note !== undefined && this.#kernels.has(id))
            for (const tell of this.#foundListeners) tell(id, note);
        });
      }),
    );
  }

  async #adoptOne(record: KernelRecord): Promise<void> {
    const { log, now, policy } = this.#options;
    // Its place has taken so long to answer that somebody has started another one under this id.
    if (this.#kernels.has(record.id)) return;
    if (record.state.status === 'dead') {
      this.#reopen(record);
      this.#forgetLater(record.id, record.state.death.at);
      return;
    }
    const provisioner = this.#provisioner(record.provisioner);
    if (record.state.status === 'queued' && record.state.step === 'waiting') {
      this.#reopen(record);
      return;
    }
    const found = await provisioner.adopt(
      record.handle ?? { provisioner: record.provisioner, kernelId: record.id },
    );
    const provisioned = found && !('ended' in found) ? found : undefined;
    const exit = found && 'ended' in found ? found.ended : undefined;
    const place = provisioned ? 'found' : (exit ?? 'gone');
    const next = stateAfterCrash(record.state, place, { at: now(), policy });
    const kernel = this.#reopen({ ...record, state: next.state });
    if (provisioned) kernel.adopt(provisioned);
    log.info(
      { kernelId: record.id, found: provisioned !== undefined, exit, state: next.state.status },
      'adopted a kernel',
    );
    await kernel.perform(next.effects);
    if (next.state.status === 'dead') {
      this.#onNews(kernel, { type: 'death', death: next.state.death, restarting: false });
    }
  }

  #reopen(record: KernelRecord): Kernel<C> {
    const kernel = this.#open(record);
    const { lastActivity, executionState } = record;
    kernel.channels.restore({ lastActivity, executionState });
    return kernel;
  }

  #open(record: KernelRecord): Kernel<C> {
    const { store, policy, log, now } = this.#options;
    const kernel: Kernel<C> = new Kernel<C>({
      record,
      provisioner: this.#provisioner(record.provisioner),
      channels: this.#options.openChannels(record.id),
      store,
      policy,
      log,
      now,
      kernelspec: () => this.#options.kernelspecs.get(record.name),
      onNews: (news) => this.#onNews(kernel, news),
      onRoom: () => this.#queue.onRoom(kernel),
    });
    this.#kernels.set(record.id, kernel);
    return kernel;
  }

  #provisioner(name: string): Provisioner {
    const provisioner = this.#options.provisioners.get(name);
    if (!provisioner) {
      const known = [...this.#options.provisioners.keys()].join(', ');
      throw new KernelError(
        'PROVISIONER_UNKNOWN',
        `There is no provisioner "${name}" here; known are: ${known}.`,
      );
    }
    return provisioner;
  }

  async #act(action: KernelAction, kernel: Kernel<C>, what: () => Promise<void>): Promise<void> {
    try {
      await what();
    } catch (error) {
      this.#emitAction(action, kernel, error);
      throw error;
    }
    this.#emitAction(action, kernel, undefined);
  }

  #emitAction(action: KernelAction, kernel: Kernel<C>, error: unknown): void {
    this.#options.onEvent?.(actionEvent(action, kernel, error));
  }

  #onNews(kernel: Kernel<C>, news: KernelNews): void {
    this.#options.onEvent?.(newsEvent(kernel, news));
    if (news.type === 'phase') return;
    const { death, restarting } = news;
    this.#options.log.info({ kernelId: kernel.id, reason: death.reason, restarting }, death.message);
    if (!restarting) this.#forgetLater(kernel.id, death.at);
  }

  #forgetLater(id: string, diedAt: number): void {
    this.#keepListed(id);
    const inMs = Math.min(
      Math.max(0, diedAt + this.#options.limits.deadRetentionMs - this.#options.now()),
      2 ** 31 - 1,
    );
    this.#forgetTimers.set(
      id,
      setTimeout(() => {
        if (this.#kernels.get(id)?.isAlive === false) void this.#forget(id);
      }, inMs).unref(),
    );
  }

  #keepListed(id: string): void {
    clearTimeout(this.#forgetTimers.get(id));
    this.#forgetTimers.delete(id);
  }

  /** What is to be waited for until an id is free: one's own dead kernels make place. Undefined: it is free now. */
  #leaving(id: string, username: string): Promise<void> | undefined {
    const kernel = this.#kernels.get(id);
    if (kernel && (kernel.isAlive || kernel.record.username !== username))
      throw new KernelError('KERNEL_ID_TAKEN', `Kernel already exists: ${id}`);
    return kernel ? this.#forget(id) : this.#forgetting.get(id);
  }

  #forget(id: string): Promise<void> {
    const kernel = this.#kernels.get(id);
    if (!kernel) return this.#forgetting.get(id) ?? Promise.resolve();
    this.#keepListed(id);
    this.#kernels.delete(id);
    this.#queue.forget(kernel);
    const forgetting = this.#removeAllOf(kernel).finally(() => this.#forgetting.delete(id));
    this.#forgetting.set(id, forgetting);
    return forgetting;
  }

  async #removeAllOf(kernel: Kernel<C>): Promise<void> {
    const { id } = kernel;
    try {
      await kernel.dispose();
      await this.#options.store.remove(id);
    } catch (error) {
      this.#options.log.warn({ err: error, kernelId: id }, 'not all of a dead kernel can be removed');
    }
    for (const listener of this.#removalListeners) listener(id);
  }
}
