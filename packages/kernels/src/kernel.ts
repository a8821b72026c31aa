import type { ExecutionState, KernelModel } from '@perijove/protocol';
import type { Wait, WaitingClaim } from './admission.ts';
import { waitInWords } from './admission-words.ts';
import { claimOf } from './claim-of.ts';
import type { Death } from './death.ts';
import { executionStateOf } from './execution-state.ts';
import { KernelError } from './kernel-error.ts';
import type { KernelRecord } from './kernel-record.ts';
import { askToShutDown } from './ask-to-shut-down.ts';
import { kernelModelOf } from './kernel-model.ts';
import { KernelDeadline } from './kernel-deadline.ts';
import { newsOf, type KernelNews } from './kernel-news.ts';
import type { KernelState, StopReason } from './kernel-state.ts';
import type { KernelStore } from './kernel-store.ts';
import { KernelWatchers } from './kernel-watchers.ts';
import { Launches } from './launches.ts';
import type { LifeChannels } from './life-channels.ts';
import type { Effect, KernelEventWithoutTime, LifecyclePolicy } from './lifecycle-events.ts';
import { destroyRetryMs } from './lifecycle-steps.ts';
import { transition } from './lifecycle.ts';
import type { Log } from './log.ts';
import { exitMayPass, launchErrorMayPass } from './may-pass.ts';
import type {
  Kernelspec,
  LaunchPhase,
  LaunchRequest,
  ProvisionedKernel,
  Provisioner,
  Usage,
} from './provisioner.ts';
import { within } from './within.ts';

/** Close code for the clients of a dead kernel: not 1000 or 1001, after which JupyterLab never asks what happened. */
export const kernelDeadCloseCode = 4410;

export interface KernelOptions<C extends LifeChannels> {
  readonly record: KernelRecord;
  readonly provisioner: Provisioner;
  readonly channels: C;
  readonly store: KernelStore;
  readonly policy: LifecyclePolicy;
  readonly log: Log;
  readonly now: () => number;
  /** The kernelspec as it is installed now. */
  readonly kernelspec: () => Promise<Kernelspec | undefined>;
  readonly onNews: (news: KernelNews) => void;
  /** It has begun to wait for room or ceased to, or it may have made room. */
  readonly onRoom: () => void;
}

/** One kernel and its life: dispatches events to `transition` and performs what it decides. Made by the registry. */
export class Kernel<C extends LifeChannels = LifeChannels> {
  readonly #options: KernelOptions<C>;
  #record: KernelRecord;
  #provisioned: ProvisionedKernel | undefined;
  readonly #launches: Launches;
  /** Aborted by `disconnect`: ends all waiting for replies of the present connection. */
  #connection = new AbortController();
  #effects: Promise<void> = Promise.resolve();
  #destroying: Promise<void> = Promise.resolve();
  readonly #deadline: KernelDeadline;
  readonly #watchers: KernelWatchers;
  /** Why it waits for room, once that is known. */
  #wait: Wait | undefined;
  /** That it has answered is written down. Until then it is not called running: the next server would start it again. */
  #isRunningWritten: boolean;
  #detached = false;
  /** For a next server that has no records. */
  #note: string | undefined;

  constructor(options: KernelOptions<C>) {
    this.#options = options;
    this.#record = options.record;
    this.#isRunningWritten = options.record.state.status === 'running';
    this.#watchers = new KernelWatchers(this);
    this.#deadline = new KernelDeadline(options.now, () => this.dispatch({ type: 'deadline' }));
    this.#launches = new Launches({
      kernelId: options.record.id,
      provisioner: options.provisioner,
      request: () => this.#launchRequest(),
      report: (phase, message, detail) => this.#reportPhase(phase, message, detail),
      onLaunched: (provisioned) => {
        this.#take(provisioned);
        this.#record = { ...this.#record, handle: provisioned.handle };
        this.dispatch({ type: 'launched' });
      },
      onFailed: (error) => {
        this.dispatch({ type: 'launchFailed', error, mayPass: launchErrorMayPass(error) });
        options.onRoom();
      },
      log: options.log,
    });
    options.channels.onActivity = () => this.#noteActivity();
    this.#deadline.set(this.state);
  }

  get id(): string {
    return this.#record.id;
  }
  /** Name of its kernelspec. */
  get name(): string {
    return this.#record.name;
  }
  get record(): KernelRecord {
    return this.#record;
  }
  get state(): KernelState {
    return this.#record.state;
  }
  get channels(): C {
    return this.#options.channels;
  }
  get connections(): number {
    return this.channels.activity.connections;
  }
  /** Milliseconds since the epoch; survives the server. */
  get lastActivity(): number {
    return this.channels.activity.lastActivity;
  }
  get executionState(): ExecutionState {
    if (this.state.status === 'running' && !this.#isRunningWritten) return 'starting';
    return executionStateOf(this.state, this.channels.activity.executionState);
  }
  /** What its processes use now. Undefined: there are none, or their place does not say. */
  async usage(): Promise<Usage | undefined> {
    return this.#provisioned?.usage?.();
  }

  /** Keeps this text with the kernel wherever it runs, now and when it is started again. */
  keep(note: string): void {
    if (note === this.#note) return;
    this.#note = note;
    this.#sendNote();
  }

  get isAlive(): boolean {
    return this.state.status !== 'dead';
  }
  get isRunning(): boolean {
    return this.state.status === 'running' && this.#isRunningWritten;
  }
  /** It stands in the queue. */
  get isWaiting(): boolean {
    return this.state.status === 'queued' && this.state.step === 'waiting';
  }
  /** It stands in the queue, and there is no room for it. */
  get isHeldUp(): boolean {
    return this.isWaiting && this.#wait !== undefined;
  }
  /** Why it waits for room. */
  get wait(): Wait | undefined {
    return this.isWaiting ? this.#wait : undefined;
  }
  /** Something of it is there, or about to be. */
  get holdsRoom(): boolean {
    const { status } = this.state;
    return (
      (status !== 'queued' && status !== 'dead') ||
      this.#provisioned !== undefined ||
      this.#launches.isUnderWay
    );
  }
  /** What it takes up, or wants. */
  get claim(): WaitingClaim {
    return claimOf(this.#record);
  }
  /** Set for a dead kernel. */
  get death(): Death | undefined {
    return this.state.status === 'dead' ? this.state.death : undefined;
  }

  get model(): KernelModel {
    return kernelModelOf(this);
  }

  /**
   * Resolves once the kernel runs (at once, if it does). Rejects when it is dead or stopping, with the reason, and with
   * KERNEL_NO_REPLY when aborted; the kernel goes on.
   */
  ready(signal: AbortSignal): Promise<void> {
    return this.#watchers.ready(signal);
  }

  /** As `ready`, but resolves also when the kernel has to wait for room. */
  readyOrHeldUp(signal: AbortSignal): Promise<void> {
    return this.#watchers.ready(signal, { orHeldUp: true });
  }

  /** Resolves with the reason when the kernel is dead. */
  died(): Promise<Death> {
    return this.#watchers.died();
  }

  /**
   * Resolves when the interrupt is on its way, or, in message mode, was answered. Rejects for a kernel that computes nothing:
   * KERNEL_NOT_STARTED, KERNEL_STOPPING or KERNEL_DEAD.
   */
  async interrupt(signal: AbortSignal): Promise<void> {
    const provisioned = this.#provisioned;
    const { status } = this.state;
    // A signal would end what is only about to be a kernel: Python while it imports ipykernel, say.
    if (status === 'queued' || status === 'launching' || status === 'restarting') {
      throw new KernelError(
        'KERNEL_NOT_STARTED',
        `Kernel ${this.id} has not started yet, so there is nothing to interrupt`,
      );
    }
    if (this.death) throw new KernelError('KERNEL_DEAD', this.death.message);
    if (!provisioned) throw new KernelError('KERNEL_STOPPING', `Kernel ${this.id} is being shut down`);
    const kernelspec = await this.#options.kernelspec();
    if (kernelspec?.spec.interrupt_mode === 'message') {
      await this.channels.request('control', 'interrupt_request', {}, { signal });
    } else {
      await provisioned.interrupt();
    }
  }

  /** Asks for a restart; what comes of it is seen by `ready`. `ticket`: where a dead one is to stand in the queue. */
  restart(ticket: number): void {
    if (!this.isAlive) this.#record = { ...this.#record, admission: { ticket, overtaken: 0 } };
    this.dispatch({ type: 'restartRequested' });
  }

  /** There is room for it: it leaves the queue and starts. */
  admit(turn: number): void {
    const { ticket, overtaken } = this.claim;
    this.#record = { ...this.#record, admission: { ticket, overtaken, turn } };
    this.dispatch({ type: 'admitted' });
  }

  /** One that came later goes before it. */
  overtake(): void {
    const { ticket, overtaken } = this.claim;
    this.#record = { ...this.#record, admission: { ticket, overtaken: overtaken + 1 } };
    this.#options.store.putSoon(this.#record);
  }

  /** There will never be room for it. */
  refuse(message: string): void {
    this.dispatch({ type: 'refused', message });
  }

  /** There is no room for it now. `tell`: that is news. */
  holdUp(wait: Wait, { tell }: { readonly tell: boolean }): void {
    this.#wait = wait;
    if (tell) this.#options.onNews({ type: 'phase', phase: 'queued', message: waitInWords(wait), wait });
    this.#watchers.look();
  }

  /** Ends the kernel, and resolves with what it died of once nothing is left of it. May be repeated. */
  async stop(reason: StopReason, { force = false }: { force?: boolean } = {}): Promise<Death> {
    if (this.#detached)
      throw new KernelError('KERNEL_STOPPING', `Kernel ${this.id} was left to the next server`);
    this.dispatch({ type: 'stopRequested', reason, force });
    return await this.died();
  }

  /** Changes what the kernel's environment has at its next start. */
  setLaunchEnv(env: Readonly<Record<string, string>>): void {
    this.#record = { ...this.#record, env: { ...this.#record.env, ...env } };
    void this.#put(this.#record);
  }

  /** Takes the kernel that a former server had started. */
  adopt(provisioned: ProvisionedKernel): void {
    this.#take(provisioned);
    this.#record = { ...this.#record, handle: provisioned.handle };
    this.#connect(provisioned);
  }

  /** Performs what was decided before the kernel had a shell: at its start, or by a former server. */
  async perform(effects: readonly Effect[]): Promise<void> {
    await this.#commit(effects);
  }

  dispatch(event: KernelEventWithoutTime): void {
    if (this.#detached) return;
    const before = this.state;
    const at = this.#options.now();
    const { state, effects } = transition(before, { ...event, at }, this.#policy);
    if (state === before && effects.length === 0) return;
    this.#record = { ...this.#record, state };
    this.#deadline.set(state);
    if (state.status !== 'queued') this.#wait = undefined;
    if (state.status !== 'running' && state.status !== 'lost') this.#isRunningWritten = false;
    for (const news of newsOf(before, state, event, at)) this.#options.onNews(news);
    const done = this.#commit(effects);
    if (state.status === 'running' && !this.#isRunningWritten) void done.then(() => this.#callRunning());
    if (state !== before) this.#options.onRoom();
    this.#watchers.look();
  }

  /** Lets go of the kernel, which lives on: its end and its messages are the next server's. */
  async detach(graceMs: number): Promise<void> {
    await within(graceMs, this.#launches.settled());
    await this.#effects;
    this.#detached = true;
    this.#deadline.clear();
    this.#connection.abort();
    this.channels.onActivity = undefined;
    await this.#put({
      ...this.#record,
      lastActivity: this.lastActivity,
      executionState: this.channels.activity.executionState,
    });
  }

  /** Lets go of a dead kernel. */
  async dispose(): Promise<void> {
    await this.#effects;
    await within(destroyRetryMs, Promise.all([this.#destroying, this.#launches.settled()]));
    this.#detached = true;
    this.#deadline.clear();
    this.channels.onActivity = undefined;
    await this.channels.dispose();
  }

  get #policy(): LifecyclePolicy {
    const { policy, provisioner } = this.#options;
    const { launchTimeoutMs } = provisioner;
    return launchTimeoutMs === undefined ? policy : { ...policy, launchTimeoutMs };
  }

  #callRunning(): void {
    if (this.state.status !== 'running') return;
    this.#isRunningWritten = true;
    this.#watchers.look();
  }

  /** Writes first, then acts: what a crash interrupts is found by the next server. Effects keep their order. */
  #commit(effects: readonly Effect[]): Promise<void> {
    const written = this.#put(this.#record);
    this.#effects = this.#effects.then(async () => {
      await written;
      for (const effect of effects) this.#perform(effect);
    });
    return this.#effects;
  }

  async #put(record: KernelRecord): Promise<void> {
    try {
      await this.#options.store.put(record);
    } catch (error) {
      // A full disk must not keep a kernel from ending; it costs that the next server may not find this one.
      this.#options.log.error({ err: error, kernelId: this.id }, 'the state of a kernel cannot be written');
    }
  }

  #perform(effect: Effect): void {
    if (this.#detached) return;
    switch (effect.type) {
      case 'launch':
        this.#launches.start();
        return;
      case 'abortLaunch':
        this.#launches.abort();
        return;
      case 'connect':
        if (this.#provisioned) this.#connect(this.#provisioned);
        return;
      case 'disconnect':
        this.#connection.abort();
        this.channels.disconnect();
        return;
      case 'askToShutDown':
        void askToShutDown(this.#provisioned, this.channels, {
          kernelId: this.id,
          restart: effect.restart,
          signal: this.#connection.signal,
          log: this.#options.log,
        });
        return;
      case 'destroy':
        this.#destroying = this.#destroy(effect.graceMs);
        return;
      case 'announce':
        this.channels.announce(effect.state);
        return;
      case 'closeClients':
        this.channels.closeClients(kernelDeadCloseCode, 'kernel died');
        return;
    }
  }

  async #launchRequest(): Promise<LaunchRequest> {
    const { id, name, cwd, env, username, resources, requests = resources } = this.#record;
    const kernelspec = await this.#options.kernelspec();
    if (!kernelspec) {
      throw new KernelError('KERNELSPEC_NOT_FOUND', `the kernelspec "${name}" is not installed any more`);
    }
    return { kernelId: id, kernelspec, cwd, env, username, resources, requests };
  }

  #sendNote(): void {
    if (this.#note === undefined) return;
    this.#provisioned?.keep?.(this.#note).catch((error: unknown) => {
      this.#options.log.warn(
        { err: error, kernelId: this.id },
        'its place does not keep whose documents it has',
      );
    });
  }

  #take(provisioned: ProvisionedKernel): void {
    this.#provisioned = provisioned;
    this.#sendNote();
    void provisioned.exited.then((exit) => {
      if (this.#provisioned === provisioned)
        this.dispatch({ type: 'exited', exit, mayPass: exitMayPass(exit) });
    });
    provisioned.watchPlace?.((news) => {
      if (this.#provisioned === provisioned) this.dispatch(news);
    });
  }

  #connect(provisioned: ProvisionedKernel): void {
    this.#connection.abort();
    const connection = new AbortController();
    this.#connection = connection;
    this.channels.connect(provisioned.connection);
    this.channels.ready(connection.signal).then(
      () => {
        if (this.#connection === connection) this.dispatch({ type: 'answered' });
      },
      // The state's deadline or the kernel's exit says what becomes of one that does not answer.
      () => {},
    );
  }

  async #destroy(graceMs: number): Promise<void> {
    const provisioned = this.#provisioned;
    try {
      await provisioned?.destroy(graceMs);
    } catch (error) {
      this.#options.log.error({ err: error, kernelId: this.id }, 'a kernel could not be destroyed');
      return;
    }
    if (this.#provisioned !== provisioned) return;
    this.#provisioned = undefined;
    const { handle: _gone, ...record } = this.#record;
    this.#record = record;
    this.dispatch({ type: 'destroyed' });
    this.#options.onRoom();
  }

  #reportPhase(phase: LaunchPhase, message: string, detail?: string): void {
    this.#options.onNews({ type: 'phase', phase, message, ...(detail === undefined ? {} : { detail }) });
  }

  #noteActivity(): void {
    if (this.#detached) return;
    this.#record = {
      ...this.#record,
      lastActivity: this.lastActivity,
      executionState: this.channels.activity.executionState,
    };
    this.#options.store.putSoon(this.#record);
  }
}
