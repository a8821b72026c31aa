import type { KernelPhase, OverviewKernel } from '@perijove/protocol';

export type Column = 'kernel' | 'user' | 'state' | 'cpu' | 'memory' | 'machine' | 'started' | 'active';

export interface Sorting {
  readonly column: Column;
  readonly descending: boolean;
}

/** What needs somebody's eye is first. */
const phaseOrder: readonly KernelPhase[] = [
  'dead',
  'lost',
  'queued',
  'scheduling',
  'pulling',
  'starting',
  'connecting',
  'restarting',
  'stopping',
  'busy',
  'idle',
];

const keys: Readonly<Record<Column, (kernel: OverviewKernel) => string | number>> = {
  kernel: ({ notebook, displayName }) => (notebook ?? displayName).toLowerCase(),
  user: ({ user }) => user.toLowerCase(),
  state: ({ phase }) => phaseOrder.indexOf(phase),
  cpu: ({ resources }) => resources.used.cpus ?? -1,
  memory: ({ resources }) => resources.used.memoryBytes ?? -1,
  machine: ({ node }) => node.toLowerCase(),
  started: ({ started }) => started,
  active: ({ lastActivity }) => lastActivity,
};

/** In the order of one column; what is equal there, in that in which it was started. */
export function sorted(
  kernels: readonly OverviewKernel[],
  { column, descending }: Sorting,
): OverviewKernel[] {
  const key = keys[column];
  const sign = descending ? -1 : 1;
  return kernels.toSorted((a, b) => {
    const [one, other] = [key(a), key(b)];
    if (one === other) return a.started < b.started ? -1 : 1;
    return one < other ? -sign : sign;
  });
}

/** A column that is chosen again is turned around; figures and times begin with the largest. */
export function chooseColumn(sorting: Sorting, column: Column): Sorting {
  if (sorting.column === column) return { column, descending: !sorting.descending };
  return {
    column,
    descending: column === 'cpu' || column === 'memory' || column === 'started' || column === 'active',
  };
}
