import type { Amounts, OverviewKernel, OverviewMachine } from '@perijove/protocol';
import type { Gauge, Registry } from 'prom-client';

/** What runs where, as the overview says it. */
export interface OverviewPicture {
  readonly machines: readonly OverviewMachine[];
  readonly kernels: readonly OverviewKernel[];
}

/** One line of a metric: its labels and its value. */
interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

type AmountName = keyof Amounts;

const units = { memoryBytes: 'memory_bytes', cpus: 'cpus' } as const satisfies Record<AmountName, string>;
const unitNames = Object.keys as (of: typeof units) => AmountName[];

/**
 * The overview's figures for Prometheus: sums by kernelspec and machine. Neither users nor documents are in them, since whoever may
 * read the metrics need not be whoever may read the overview.
 */
const overviewMetrics: readonly {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly samples: (picture: OverviewPicture) => readonly Sample[];
}[] = [
  {
    name: 'perijove_kernels',
    help: 'kernels by what they are at',
    labelNames: ['phase', 'kernelspec', 'node'],
    samples: ({ kernels }) =>
      summed(
        kernels,
        ({ phase, kernelspec, node }) => ({ phase, kernelspec, node }),
        () => 1,
      ),
  },
  ...kernelAmounts('used', 'what kernels use'),
  ...kernelAmounts('request', 'what is kept for kernels'),
  ...kernelAmounts('limit', 'what kernels may use at most'),
  ...machineAmounts('capacity', 'what kernels may have on a machine in all'),
  ...machineAmounts('allocated', 'what kernels of a machine have been promised'),
];

function kernelAmounts(which: keyof OverviewKernel['resources'], help: string) {
  return unitNames(units).map((unit) => ({
    name: `perijove_kernel_${units[unit]}_${which}`,
    help,
    labelNames: ['kernelspec', 'node'],
    samples: ({ kernels }: OverviewPicture) =>
      summed(
        // What waits has nothing yet, and what is dead nothing any more.
        kernels.filter(({ phase }) => phase !== 'dead' && phase !== 'queued'),
        ({ kernelspec, node }) => ({ kernelspec, node }),
        ({ resources }) => resources[which][unit],
      ),
  }));
}

function machineAmounts(which: 'capacity' | 'allocated', help: string) {
  return unitNames(units).map((unit) => ({
    name: `perijove_machine_${units[unit]}_${which}`,
    help,
    labelNames: ['node'],
    samples: ({ machines }: OverviewPicture) =>
      summed(
        machines,
        ({ name }) => ({ node: name }),
        (machine) => machine[which][unit],
      ),
  }));
}

function summed<T>(
  things: readonly T[],
  labelsOf: (thing: T) => Record<string, string>,
  valueOf: (thing: T) => number | undefined,
): readonly Sample[] {
  const sums = new Map<string, Sample>();
  for (const thing of things) {
    const value = valueOf(thing);
    if (value === undefined) continue;
    const labels = labelsOf(thing);
    const key = JSON.stringify(labels);
    sums.set(key, { labels, value: (sums.get(key)?.value ?? 0) + value });
  }
  return [...sums.values()];
}

/** Enters them in a registry; the picture is read once for each scrape. */
export function addOverviewMetrics(
  registry: Registry,
  read: () => Promise<OverviewPicture>,
  Make: typeof Gauge,
): void {
  let reading: Promise<OverviewPicture> | undefined;
  const once = (): Promise<OverviewPicture> =>
    (reading ??= read().finally(() => setImmediate(() => (reading = undefined))));
  for (const { name, help, labelNames, samples } of overviewMetrics) {
    // oxlint-disable-next-line no-new -- it enters itself in the registers
    new Make({
      name,
      help,
      labelNames,
      registers: [registry],
      async collect() {
        const picture = await once();
        this.reset();
        for (const { labels, value } of samples(picture)) this.set(labels, value);
      },
    });
  }
}
