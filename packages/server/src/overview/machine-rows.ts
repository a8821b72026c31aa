import type { UsageSample } from '@perijove/kernels';
import type { Amounts, OverviewMachine } from '@perijove/protocol';
import { requestsOf, takesRoom, type OverviewedKernel } from './kernel-row.ts';

/** A machine, and what kernels may have there in all. */
export interface Machine {
  readonly name: string;
  readonly capacity: Amounts;
  /** Of many machines, of which only those with kernels are of interest. */
  readonly isShownEmpty?: boolean;
}

export interface PlacedKernel {
  readonly kernel: OverviewedKernel;
  readonly node: string;
  readonly usage: UsageSample | undefined;
}

/** How full each machine is. Pure. One that is not listed, yet has kernels, is shown without a capacity. */
export function machineRows(
  machines: readonly Machine[],
  kernels: readonly PlacedKernel[],
): OverviewMachine[] {
  const listed = new Set(machines.map(({ name }) => name));
  const others = new Set(
    kernels.filter(({ kernel, node }) => takesRoom(kernel) && !listed.has(node)).map(({ node }) => node),
  );
  const unlisted = [...others].toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const busy = new Set(kernels.filter(({ kernel }) => takesRoom(kernel)).map(({ node }) => node));
  const shown = machines.filter(({ name, isShownEmpty = true }) => isShownEmpty || busy.has(name));
  return [...shown, ...unlisted.map((name) => ({ name, capacity: {} }))].map(({ name, capacity }) => {
    const here = kernels.filter(({ kernel, node }) => node === name && takesRoom(kernel));
    return {
      name,
      capacity,
      allocated: sum(here.map(({ kernel }) => requestsOf(kernel))),
      used: usedBy(here),
    };
  });
}

/** Nothing is said where it is not known of any. */
function usedBy(kernels: readonly PlacedKernel[]): Amounts {
  const known = kernels.flatMap(({ usage }) => (usage ? [usage] : []));
  return kernels.length > 0 && known.length === 0 ? {} : sum(known);
}

function sum(list: readonly Amounts[]): Amounts {
  return {
    memoryBytes: list.reduce((total, { memoryBytes = 0 }) => total + memoryBytes, 0),
    cpus: Math.round(list.reduce((total, { cpus = 0 }) => total + cpus, 0) * 1000) / 1000,
  };
}
