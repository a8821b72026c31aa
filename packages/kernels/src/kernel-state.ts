import { Type, type Static } from 'typebox';
import { Death } from './death.ts';

/** Who asked for a stop: a client by REST, the culler, or the end of the server. */
export const StopReason = Type.Union([
  Type.Literal('client'),
  Type.Literal('culled'),
  Type.Literal('server'),
]);
export type StopReason = Static<typeof StopReason>;

/** Who asked for a restart: a client, or the kernel's own death. */
export const RestartReason = Type.Union([Type.Literal('client'), Type.Literal('death')]);
export type RestartReason = Static<typeof RestartReason>;

const UntilField = Type.Number();

/**
 * What a kernel is. Each member has only what exists then; it is JSON, and kept on disk as it is.
 * `until` is the time (milliseconds since the epoch) at which waiting ends: the shell then dispatches `deadline`.
 */
export const KernelState = Type.Union([
  /** Waits for room. Its place in the queue is in the record; why it waits is worked out, not kept. */
  Type.Object({ status: Type.Literal('queued'), step: Type.Literal('waiting') }),
  /** A dead kernel that is to start again: what is left of it is being destroyed, then it waits. */
  Type.Object({ status: Type.Literal('queued'), step: Type.Literal('ending'), until: UntilField }),
  /** `starting`: a provisioner is at work. `connecting`: it is known where the kernel listens, but it has not answered. */
  Type.Object({
    status: Type.Literal('launching'),
    step: Type.Union([Type.Literal('starting'), Type.Literal('connecting')]),
    attempt: Type.Integer(),
    until: UntilField,
  }),
  /** It has answered. `restarts`: how many times in a row it was restarted after dying by itself. */
  Type.Object({ status: Type.Literal('running'), since: Type.Number(), restarts: Type.Integer() }),
  /** `asking`: shutdown_request is out. `ending`: it is being destroyed. Then as `launching`. */
  Type.Object({
    status: Type.Literal('restarting'),
    step: Type.Union([
      Type.Literal('asking'),
      Type.Literal('ending'),
      Type.Literal('starting'),
      Type.Literal('connecting'),
    ]),
    by: RestartReason,
    attempt: Type.Integer(),
    restarts: Type.Integer(),
    until: UntilField,
  }),
  /** `asking`, `ending`: as above. `aborting`: a launch is being undone. */
  Type.Object({
    status: Type.Literal('stopping'),
    step: Type.Union([Type.Literal('asking'), Type.Literal('ending'), Type.Literal('aborting')]),
    reason: StopReason,
    until: UntilField,
  }),
  /** Its place cannot be asked right now. */
  Type.Object({
    status: Type.Literal('lost'),
    message: Type.String(),
    since: Type.Number(),
    restarts: Type.Integer(),
  }),
  Type.Object({ status: Type.Literal('dead'), death: Death }),
]);
export type KernelState = Static<typeof KernelState>;

export type StateOf<S extends KernelState['status']> = Extract<KernelState, { status: S }>;

/** When waiting ends in this state, if it does. */
export function deadlineOf(state: KernelState): number | undefined {
  return 'until' in state ? state.until : undefined;
}
