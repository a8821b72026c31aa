import { Type, type Static } from 'typebox';
import { KernelState } from './kernel-state.ts';

/** What is kept of a kernel on disk: enough to find it, to go on with its life, and to start it again. */
export const KernelRecord = Type.Object({
  id: Type.String({ pattern: '^[\\w-]+$' }),
  /** The kernelspec's name. */
  name: Type.String(),
  provisioner: Type.String(),
  cwd: Type.String(),
  env: Type.Record(Type.String(), Type.String()),
  username: Type.String(),
  resources: Type.Object({
    memoryBytes: Type.Optional(Type.Number()),
    cpus: Type.Optional(Type.Number()),
  }),
  /** What counts where room is shared out; missing in records of before there were limits. */
  requests: Type.Optional(
    Type.Object({
      memoryBytes: Type.Optional(Type.Number()),
      cpus: Type.Optional(Type.Number()),
    }),
  ),
  createdAt: Type.Number(),
  state: KernelState,
  /**
   * Its place in the queue: the order of its arrival, and how many have passed it. `turn`: when it was admitted, a number
   * that grows with each admission. Kernels of before there was a queue have none.
   */
  admission: Type.Optional(
    Type.Object({
      ticket: Type.Integer(),
      overtaken: Type.Integer(),
      turn: Type.Optional(Type.Integer()),
    }),
  ),
  /** Missing while a launch has not said yet where the kernel is. */
  handle: Type.Optional(Type.Object({ provisioner: Type.String() }, { additionalProperties: true })),
  lastActivity: Type.Number(),
  /** The last word that the kernel itself said: a kernel that was busy is not idle because a server was killed. */
  executionState: Type.Enum([
    'starting',
    'idle',
    'busy',
    'restarting',
    'autorestarting',
    'terminating',
    'dead',
    'unknown',
  ]),
});
export type KernelRecord = Static<typeof KernelRecord>;
