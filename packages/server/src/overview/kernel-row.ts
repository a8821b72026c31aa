import type { KernelState, UsageSample } from '@perijove/kernels';
import type { Amounts, ExecutionState, KernelModel, KernelPhase, OverviewKernel } from '@perijove/protocol';

/** What is looked at in a kernel of the registry. */
export interface OverviewedKernel {
  readonly id: string;
  readonly name: string;
  readonly state: KernelState;
  readonly executionState: ExecutionState;
  readonly lastActivity: number;
  readonly connections: number;
  /** What clients are told of its place in the queue. */
  readonly model: Pick<KernelModel, 'perijove'>;
  readonly record: {
    readonly username: string;
    readonly provisioner: string;
    readonly createdAt: number;
    readonly resources: Amounts;
    /** What it is counted with; its limits, where nothing else is said. */
    readonly requests?: Amounts;
  };
}

/** What was last said of its phase, by an event. */
export interface PhaseNews {
  readonly phase: string;
  readonly message: string;
}

/** Where a kernel runs. */
export interface KernelPlace {
  /** The machine. */
  readonly node: string;
  readonly pod?: string;
  readonly image?: string;
}

export interface KernelFacts {
  readonly displayName: string;
  readonly notebook: string | undefined;
  readonly place: KernelPlace;
  readonly news: PhaseNews | undefined;
  readonly usage: UsageSample | undefined;
}

/** What the overview says of a kernel. Pure. */
export function kernelRow(kernel: OverviewedKernel, facts: KernelFacts): OverviewKernel {
  const { record } = kernel;
  const { usage, notebook } = facts;
  const memoryLimit = usage?.memoryLimitBytes ?? record.resources.memoryBytes;
  const queue = queueOf(kernel);
  return {
    id: kernel.id,
    user: record.username,
    kernelspec: kernel.name,
    displayName: facts.displayName,
    ...(notebook === undefined ? {} : { notebook }),
    phase: phaseOf(kernel, facts.news),
    sentence: sentenceOf(kernel, facts.news),
    ...(queue === undefined ? {} : { queue }),
    ...facts.place,
    resources: {
      limit: amounts(memoryLimit, record.resources.cpus),
      request: requestsOf(kernel),
      used: amounts(usage?.memoryBytes, usage?.cpus),
    },
    started: new Date(record.createdAt).toISOString(),
    lastActivity: new Date(kernel.lastActivity).toISOString(),
    connections: kernel.connections,
  };
}

/** What a kernel has been promised. */
export function requestsOf({ record }: OverviewedKernel): Amounts {
  const { memoryBytes, cpus } = { ...record.resources, ...record.requests };
  return amounts(memoryBytes, cpus);
}

/** Whether what it was promised is taken: not by one that waits, or that is gone. */
export function takesRoom({ state }: OverviewedKernel): boolean {
  return state.status !== 'queued' && state.status !== 'dead';
}

function phaseOf({ state, executionState }: OverviewedKernel, news: PhaseNews | undefined): KernelPhase {
  switch (state.status) {
    case 'launching':
      // A gateway that has taken a start goes on telling where it is.
      if (news?.phase === 'scheduling' || news?.phase === 'pulling') return news.phase;
      return state.step === 'connecting' ? 'connecting' : 'starting';
    case 'running':
      return executionState === 'busy' ? 'busy' : 'idle';
    default:
      return state.status;
  }
}

function sentenceOf({ state, executionState, model }: OverviewedKernel, news: PhaseNews | undefined): string {
  switch (state.status) {
    case 'dead':
      return state.death.message;
    case 'queued':
      return model.perijove?.message ?? 'Waiting for room.';
    case 'lost':
      return state.message;
    case 'running':
      return executionState === 'busy' ? 'Computing.' : 'Idle.';
    case 'launching':
      return news?.message ?? 'Starting.';
    case 'restarting':
      return news?.message ?? 'Restarting.';
    case 'stopping':
      return 'Stopping.';
  }
}

function queueOf({ model }: OverviewedKernel): OverviewKernel['queue'] {
  if (!model.perijove) return undefined;
  const { position, queued, would_free: wouldFree } = model.perijove.queue;
  return { position, queued, wouldFree };
}

function amounts(memoryBytes: number | undefined, cpus: number | undefined): Amounts {
  return {
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(cpus === undefined ? {} : { cpus: Math.round(cpus * 1000) / 1000 }),
  };
}
