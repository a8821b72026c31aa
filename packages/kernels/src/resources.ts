import { KernelspecResources, parseQuantity, ProtocolError } from '@perijove/protocol';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { KernelError } from './kernel-error.ts';
import type { Capacity, Kernelspec, Resources } from './provisioner.ts';

/** What a kernel may use at most, and what counts where room is shared out: never more than the limit. */
export interface ResolvedResources {
  readonly limits: Resources;
  readonly requests: Resources;
}

/** For kernelspecs that say nothing. Absent or 0: no limit, and nothing counts. */
export interface ResourceDefaults {
  readonly memoryBytes?: number;
  readonly cpus?: number;
  /** Processors are shared by time: a kernel that waits for its cell needs next to none of what it may use. */
  readonly cpuRequest?: number;
}

export interface ResourceQuestion {
  readonly defaults: ResourceDefaults;
  /** What all kernels there may have together; absent: not known. A default is never more than that, what a kernelspec says may be. */
  readonly capacity: Capacity | undefined;
  /** What the server decided for this kernel; goes before the kernelspec. */
  readonly asked?: Resources | undefined;
}

/** Says within which limits a kernel of this kernelspec runs. Throws KERNEL_LAUNCH_FAILED for a kernelspec that names none that exist. */
export function resolveResources(
  kernelspec: Kernelspec,
  { defaults, capacity, asked = {} }: ResourceQuestion,
): ResolvedResources {
  const own = ofKernelspec(kernelspec);
  const memoryBytes =
    asked.memoryBytes ?? own.limits.memoryBytes ?? atMost(defaults.memoryBytes, capacity?.memoryBytes);
  const cpus = asked.cpus ?? own.limits.cpus ?? atMost(defaults.cpus, capacity?.cpus);
  return {
    limits: present({ memoryBytes, cpus }),
    requests: present({
      memoryBytes: atMost(own.requests.memoryBytes ?? memoryBytes, memoryBytes),
      cpus: atMost(own.requests.cpus ?? defaults.cpuRequest ?? cpus, cpus),
    }),
  };
}

function ofKernelspec(kernelspec: Kernelspec): ResolvedResources {
  const ofPod = ofPodFields(kernelspec);
  const { resources } = (kernelspec.spec.metadata?.['perijove'] ?? {}) as { resources?: unknown };
  if (resources === undefined) return ofPod;
  const where = `metadata.perijove.resources of the kernelspec ${kernelspec.name}`;
  if (!Value.Check(KernelspecResources, resources)) {
    const [first] = Value.Errors(KernelspecResources, resources);
    throw new KernelError(
      'KERNEL_LAUNCH_FAILED',
      `${where} is not as it has to be, {memory: "4Gi", cpus: "2", requests: {memory, cpus}}: ${first?.instancePath ?? ''} ${first?.message ?? ''}`,
    );
  }
  const { memory, cpus, requests = {} } = resources;
  return readAt(where, () => ({
    limits: { ...quantity('memoryBytes', memory), ...quantity('cpus', cpus), ...ofPod.limits },
    requests: {
      ...quantity('memoryBytes', requests.memory),
      ...quantity('cpus', requests.cpus),
      ...ofPod.requests,
    },
  }));
}

/** Where the kernelspec's kernels are pods, it may say so as one says it of a pod. */
function ofPodFields({ name, spec }: Kernelspec): ResolvedResources {
  const { config = {} } = (spec.metadata?.['kernel_provisioner'] ?? {}) as { config?: unknown };
  const { resources } = config as { resources?: unknown };
  if (!Value.Check(PodResources, resources)) return { limits: {}, requests: {} };
  const { limits = {}, requests = {} } = resources;
  return readAt(`metadata.kernel_provisioner.config.resources of the kernelspec ${name}`, () => ({
    limits: { ...quantity('memoryBytes', limits.memory), ...quantity('cpus', limits.cpu) },
    requests: { ...quantity('memoryBytes', requests.memory), ...quantity('cpus', requests.cpu) },
  }));
}

function readAt(where: string, read: () => ResolvedResources): ResolvedResources {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new KernelError('KERNEL_LAUNCH_FAILED', `${where}: ${error.message}`, { cause: error });
  }
}

const Amount = Type.Optional(Type.Union([Type.String(), Type.Number()]));
/** Of a pod's container, as far as it is counted here (Kubernetes API reference, "ResourceRequirements"). */
const PodResources = Type.Object({
  limits: Type.Optional(Type.Object({ memory: Amount, cpu: Amount })),
  requests: Type.Optional(Type.Object({ memory: Amount, cpu: Amount })),
});

function quantity(name: keyof Resources, value: string | number | undefined): Resources {
  return value === undefined ? {} : { [name]: parseQuantity(value) };
}

/** 0 and absent are no limit. */
function atMost(value: number | undefined, limit: number | undefined): number | undefined {
  return value && limit ? Math.min(value, limit) : value;
}

function present({ memoryBytes, cpus }: { [K in keyof Resources]: number | undefined }): Resources {
  return { ...(memoryBytes ? { memoryBytes } : {}), ...(cpus ? { cpus } : {}) };
}
