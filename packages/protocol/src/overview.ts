// `GET /perijove/api/overview` and its events: what runs where, for whom, and with what.
import { Type, type Static } from 'typebox';

/** Processors and memory; what is not known or not limited is missing. */
const AmountsSchema = Type.Object({
  memoryBytes: Type.Optional(Type.Number()),
  cpus: Type.Optional(Type.Number()),
});
export type Amounts = Static<typeof AmountsSchema>;

/** What a kernel is at. `idle` and `busy` are the two of one that runs. */
export const kernelPhases = [
  'queued',
  'scheduling',
  'pulling',
  'starting',
  'connecting',
  'idle',
  'busy',
  'restarting',
  'stopping',
  'lost',
  'dead',
] as const;
export type KernelPhase = (typeof kernelPhases)[number];

export const OverviewKernelSchema = Type.Object({
  id: Type.String(),
  /** The name of its owner. */
  user: Type.String(),
  kernelspec: Type.String(),
  displayName: Type.String(),
  /** The path of the document that it computes for; missing if it has none. */
  notebook: Type.Optional(Type.String()),
  phase: Type.Enum(kernelPhases),
  /** The phase in words; of a dead one, why. */
  sentence: Type.String(),
  /** Its place in the queue, and the owner's own kernels of which the end of any one would make room. */
  queue: Type.Optional(
    Type.Object({
      position: Type.Integer(),
      queued: Type.Integer(),
      wouldFree: Type.Array(Type.String()),
    }),
  ),
  /** The machine that it runs on. */
  node: Type.String(),
  /** Of a kernel in Kubernetes. */
  pod: Type.Optional(Type.String()),
  image: Type.Optional(Type.String()),
  resources: Type.Object({ limit: AmountsSchema, request: AmountsSchema, used: AmountsSchema }),
  started: Type.String(),
  lastActivity: Type.String(),
  connections: Type.Integer(),
});
export type OverviewKernel = Static<typeof OverviewKernelSchema>;

export const OverviewMachineSchema = Type.Object({
  name: Type.String(),
  /** What kernels may have there in all. */
  capacity: AmountsSchema,
  /** What those that are there have been promised. */
  allocated: AmountsSchema,
  used: AmountsSchema,
});
export type OverviewMachine = Static<typeof OverviewMachineSchema>;

export const OverviewSchema = Type.Object({
  /** Who asked, and what they may do: `read`, `use` (their own kernels) or `admin` (all). */
  viewer: Type.Object({ username: Type.String(), role: Type.String() }),
  machines: Type.Array(OverviewMachineSchema),
  kernels: Type.Array(OverviewKernelSchema),
});
export type Overview = Static<typeof OverviewSchema>;

/** Something about a kernel in the overview has changed: `kernel` is all that is said of it now; without it, it is gone. */
export const overviewKernelSchemaId = 'https://perijove.dev/events/overview_kernel/v1';
export interface OverviewKernelEvent {
  kernel_id: string;
  user: string;
  kernel?: OverviewKernel;
}

export const overviewMachinesSchemaId = 'https://perijove.dev/events/overview_machines/v1';
export interface OverviewMachinesEvent {
  machines: OverviewMachine[];
}
