import { formatMemory, parseQuantity } from '@perijove/protocol';
import { kernelContainer, type Node, type Pod, type ResourceList } from './pod.ts';

/** What the nodes have, beside what one pod needs. */
export interface RoomView {
  /** It is larger than any node. */
  readonly neverFits: boolean;
  /** "it needs 4 CPUs; the freest node has 1.2 CPUs". */
  readonly sentence: string;
}

type Amounts = ReadonlyMap<string, number>;

/**
 * Compares what a pod requests with the nodes as they are, and as they would be without any pods. Undefined if the numbers are not what
 * keeps it from them (taints, selectors, volumes). Kubernetes docs, "Resource Management for Pods and Containers". Pure.
 */
export function roomFor(pod: Pod, nodes: readonly Node[], pods: readonly Pod[]): RoomView | undefined {
  const needs = amountsOf(requestsOf(pod));
  const usable = nodes.filter(({ spec }) => spec?.unschedulable !== true);
  if (usable.length === 0) return undefined;
  const taken = takenByNode(pods);
  const rooms = usable.map(({ metadata, status }) => {
    const whole = amountsOf(status?.allocatable);
    return { whole, free: minus(whole, taken.get(metadata.name ?? '') ?? new Map()) };
  });
  if (rooms.some(({ free }) => fits(needs, free))) return undefined;
  const neverFits = !rooms.some(({ whole }) => fits(needs, whole));
  const short = [...needs].filter(
    ([name, amount]) =>
      // Of several things that are short, those that no node has enough of.
      !rooms.some(({ whole, free }) => ((neverFits ? whole : free).get(name) ?? 0) >= amount),
  );
  // Each thing is somewhere, but not all in one place.
  const told = short.length > 0 ? short : [...needs];
  const need = told.map(([name, amount]) => inWords(name, amount)).join(' and ');
  const most = told
    .map(([name]) =>
      inWords(
        name,
        Math.max(0, ...rooms.map(({ whole, free }) => (neverFits ? whole : free).get(name) ?? 0)),
      ),
    )
    .join(' and ');
  return {
    neverFits,
    sentence: neverFits
      ? `it needs ${need}, and the largest node has ${most}`
      : `it needs ${need}; the freest node has ${most}`,
  };
}

function requestsOf(pod: Pod): ResourceList {
  const { requests, limits } =
    pod.spec?.containers?.find(({ name }) => name === kernelContainer)?.resources ?? {};
  return { ...limits, ...requests };
}

function takenByNode(pods: readonly Pod[]): Map<string, Map<string, number>> {
  const taken = new Map<string, Map<string, number>>();
  for (const { spec, status } of pods) {
    if (spec?.nodeName === undefined || status?.phase === 'Failed' || status?.phase === 'Succeeded') continue;
    const onNode = taken.get(spec.nodeName) ?? new Map<string, number>();
    taken.set(spec.nodeName, onNode);
    for (const { resources } of spec.containers ?? []) {
      for (const [name, amount] of amountsOf({ ...resources?.limits, ...resources?.requests })) {
        onNode.set(name, (onNode.get(name) ?? 0) + amount);
      }
    }
  }
  return taken;
}

function amountsOf(list: ResourceList = {}): Map<string, number> {
  return new Map(
    Object.entries(list)
      .map(([name, quantity]): [string, number] => [name, parseQuantity(quantity)])
      .filter(([, amount]) => amount > 0),
  );
}

function minus(whole: Amounts, taken: Amounts): Amounts {
  return new Map([...whole].map(([name, amount]) => [name, amount - (taken.get(name) ?? 0)]));
}

function fits(needs: Amounts, room: Amounts): boolean {
  return [...needs].every(([name, amount]) => (room.get(name) ?? 0) >= amount);
}

function inWords(name: string, amount: number): string {
  const rounded = Math.floor(amount * 10) / 10;
  if (name === 'cpu') return `${rounded} CPU${rounded === 1 ? '' : 's'}`;
  if (name === 'memory') return `${formatMemory(amount)} of memory`;
  if (name.endsWith('storage') || name.startsWith('hugepages')) return `${formatMemory(amount)} of ${name}`;
  return `${rounded} ${name}`;
}
