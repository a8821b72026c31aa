import type { Log } from './log.ts';
import { passed } from './passed.ts';
import type { Usage } from './provisioner.ts';

/** What a kernel used at a time. `cpus`: how many processors, on average since the sample before; absent in the first. */
export interface UsageSample {
  readonly at: number;
  readonly memoryBytes: number;
  readonly memoryLimitBytes?: number;
  readonly cpuSeconds: number;
  readonly cpus?: number;
}

/** What is looked at in a kernel of the registry. */
export interface Sampled {
  readonly id: string;
  usage(): Promise<Usage | undefined>;
}

export interface UsageSamplerOptions<K extends Sampled> {
  readonly kernels: () => readonly K[];
  readonly intervalMs: number;
  /** Told of samples that differ from the last one told by something that people would see. */
  readonly onChange: (kernel: K, sample: UsageSample) => void;
  /** After each round. */
  readonly onRound?: () => void;
  readonly log: Log;
  readonly now: () => number;
}

/** So many readings are under way at once: each opens files. */
const atOnce = 16;

/** Knows what every kernel uses, as of a moment ago. One timer for all; a round begins when the one before has ended. */
export class UsageSampler<K extends Sampled = Sampled> {
  readonly #options: UsageSamplerOptions<K>;
  #samples = new Map<string, UsageSample>();
  /** As it was told last. */
  readonly #told = new Map<string, UsageSample>();

  constructor(options: UsageSamplerOptions<K>) {
    this.#options = options;
  }

  of(id: string): UsageSample | undefined {
    return this.#samples.get(id);
  }

  /** Samples all kernels from time to time, until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (await passed(this.#options.intervalMs, signal)) await this.sampleAll();
  }

  /** One round. Never rejects: a kernel that cannot be read has no sample. */
  async sampleAll(): Promise<void> {
    const { kernels, onRound } = this.#options;
    const waiting = [...kernels()];
    const before = this.#samples;
    const samples = new Map<string, UsageSample>();
    const worker = async (): Promise<void> => {
      for (let kernel = waiting.pop(); kernel; kernel = waiting.pop()) {
        const sample = await this.#sample(kernel, before.get(kernel.id));
        if (sample) samples.set(kernel.id, sample);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    this.#samples = samples;
    for (const id of this.#told.keys()) if (!samples.has(id)) this.#told.delete(id);
    for (const kernel of kernels()) this.#tell(kernel);
    onRound?.();
  }

  async #sample(kernel: K, before: UsageSample | undefined): Promise<UsageSample | undefined> {
    try {
      const usage = await kernel.usage();
      return usage && sampleOf(usage, before, this.#options.now());
    } catch (error) {
      this.#options.log.debug({ err: error, kernelId: kernel.id }, 'what a kernel uses cannot be read');
      return undefined;
    }
  }

  #tell(kernel: K): void {
    const sample = this.#samples.get(kernel.id);
    const told = this.#told.get(kernel.id);
    if (!sample || (told && !isVisiblyOther(sample, told))) return;
    this.#told.set(kernel.id, sample);
    this.#options.onChange(kernel, sample);
  }
}

/** Processors in use follow from the processor time of two readings; a time that went back is another process'. */
export function sampleOf(usage: Usage, before: UsageSample | undefined, at: number): UsageSample {
  const { memoryBytes, memoryLimitBytes, cpuSeconds } = usage;
  const seconds = before ? (at - before.at) / 1000 : 0;
  const cpus =
    before && seconds > 0 && cpuSeconds >= before.cpuSeconds
      ? (cpuSeconds - before.cpuSeconds) / seconds
      : undefined;
  return {
    at,
    memoryBytes,
    ...(memoryLimitBytes === undefined ? {} : { memoryLimitBytes }),
    cpuSeconds,
    ...(cpus === undefined ? {} : { cpus }),
  };
}

/** A hundredth of the limit, or of what it was, is a pixel of a bar. */
export function isVisiblyOther(sample: UsageSample, told: UsageSample): boolean {
  const step = Math.max(1, (sample.memoryLimitBytes ?? told.memoryBytes) / 100);
  return (
    Math.abs(sample.memoryBytes - told.memoryBytes) >= step ||
    sample.memoryLimitBytes !== told.memoryLimitBytes ||
    Math.abs((sample.cpus ?? 0) - (told.cpus ?? 0)) >= 0.02
  );
}
