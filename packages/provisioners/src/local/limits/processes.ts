/** What the processes of one kernel use together. */
export interface GroupUse {
  /** Without the leader, which is the shell that watches. */
  readonly pids: readonly number[];
  readonly memoryBytes: number;
  readonly cpuSeconds: number;
}

/** Knows which processes belong to which kernel, and what they use. */
export interface Processes {
  /** What the kernels of these leaders use now. Those of which nothing is left are missing. */
  measure(leaders: readonly number[]): Promise<ReadonlyMap<number, GroupUse>>;
}
