import type {
  Overview,
  OverviewKernelEvent,
  OverviewMachinesEvent,
  overviewKernelSchemaId,
  overviewMachinesSchemaId,
} from '@perijove/protocol';

/** What the page knows, and how fresh it is. */
export type OverviewState =
  | { readonly status: 'loading' }
  | { readonly status: 'live'; readonly overview: Overview }
  /** The connection is lost: what is shown is from before, and is read anew as soon as it can be. */
  | { readonly status: 'stale'; readonly overview: Overview; readonly since: number }
  | { readonly status: 'failed'; readonly message: string };

/** An event of `/api/events/subscribe`. */
export interface ServerEvent {
  readonly schema_id: string;
  readonly [key: string]: unknown;
}

// Only the types come along: the protocol's own code is Node's.
const kernelSchemaId: typeof overviewKernelSchemaId = 'https://perijove.dev/events/overview_kernel/v1';
const machinesSchemaId: typeof overviewMachinesSchemaId = 'https://perijove.dev/events/overview_machines/v1';
const kernelUsageSchemaId = 'https://perijove.dev/events/kernel_usage/v1';

interface UsageEvent {
  readonly kernel_id: string;
  readonly memory_bytes?: number;
  readonly memory_limit_bytes?: number;
  readonly cpus?: number;
}

/** The picture after an event. Pure; the very same object if the event says nothing new. */
export function afterEvent(overview: Overview, event: ServerEvent): Overview {
  switch (event.schema_id) {
    case kernelSchemaId:
      return withKernel(overview, event as unknown as OverviewKernelEvent);
    case machinesSchemaId:
      return { ...overview, machines: (event as unknown as OverviewMachinesEvent).machines };
    case kernelUsageSchemaId:
      return withUsage(overview, event as unknown as UsageEvent);
    default:
      return overview;
  }
}

function withKernel(overview: Overview, { kernel_id: id, kernel }: OverviewKernelEvent): Overview {
  const others = overview.kernels.filter((one) => one.id !== id);
  if (kernel === undefined) return { ...overview, kernels: others };
  const at = overview.kernels.findIndex((one) => one.id === id);
  return { ...overview, kernels: at < 0 ? [...others, kernel] : overview.kernels.with(at, kernel) };
}

function withUsage(overview: Overview, event: UsageEvent): Overview {
  const at = overview.kernels.findIndex(({ id }) => id === event.kernel_id);
  const kernel = overview.kernels[at];
  if (!kernel) return overview;
  const { memory_bytes: memoryBytes, memory_limit_bytes: limitBytes, cpus } = event;
  return {
    ...overview,
    kernels: overview.kernels.with(at, {
      ...kernel,
      resources: {
        ...kernel.resources,
        limit: {
          ...kernel.resources.limit,
          ...(limitBytes === undefined ? {} : { memoryBytes: limitBytes }),
        },
        used: {
          ...(memoryBytes === undefined ? {} : { memoryBytes }),
          ...(cpus === undefined ? {} : { cpus }),
        },
      },
    }),
  };
}
