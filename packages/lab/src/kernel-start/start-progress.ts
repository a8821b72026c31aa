/** A step of a kernel's start, as the server told it. */
export interface StartStep {
  readonly phase: string;
  readonly message: string;
  readonly detail?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Where a kernel's start is: its steps so far, the latest last; none: there is nothing to say. */
export type StartProgress = readonly StartStep[];

const underWay = new Set([
  'queued',
  'launching',
  'scheduling',
  'pulling',
  'starting',
  'connecting',
  'restarting',
]);
/** A start that is told step after step for hours. */
const mostSteps = 50;

/**
 * What is known after the next word of the server. A kernel that runs, or has ended, has nothing to wait for. The same phase in other
 * words (another place in the queue) takes the place of the former words. Pure.
 */
export function nextProgress(progress: StartProgress, step: StartStep): StartProgress {
  if (!underWay.has(step.phase)) return [];
  const last = progress.at(-1);
  if (last?.phase === step.phase && last.message === step.message && last.detail === step.detail)
    return progress;
  const replaces = last?.phase === step.phase && step.phase === 'queued';
  const kept = replaces ? progress.slice(0, -1) : progress;
  return [...kept, replaces ? { ...step, at: last.at } : step].slice(-mostSteps);
}

/** "7 s", "2 min 5 s". */
export function elapsedInWords(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  return minutes === 0 ? `${seconds} s` : `${minutes} min ${seconds % 60} s`;
}
