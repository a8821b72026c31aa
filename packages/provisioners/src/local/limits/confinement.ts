import type { ProcessIdentity, Resources, Usage } from '@perijove/kernels';
import { Type, type Static } from 'typebox';

/** What is written down of a confinement, so that another process finds it again. */
export const ConfinementRecord = Type.Union([
  /** Folders in the cgroup file system; the first has the memory. */
  Type.Object({ kind: Type.Literal('cgroup2'), folders: Type.Array(Type.String(), { minItems: 1 }) }),
  Type.Object({ kind: Type.Literal('cgroup1'), folders: Type.Array(Type.String(), { minItems: 1 }) }),
  Type.Object({ kind: Type.Literal('guard') }),
]);
export type ConfinementRecord = Static<typeof ConfinementRecord>;

export type LimitsKind = ConfinementRecord['kind'] | 'off';

/** Why a kernel was killed, in words for people. */
export type OutOfMemory = string;

/** That in which one kernel is kept within its limits. */
export interface Confinement {
  readonly record: ConfinementRecord;
  /** Files that a process writes its number into to be confined, before it becomes the kernel. */
  readonly entrances: readonly string[];
  /**
   * Begins to watch the kernel whose session this process leads. `onOutOfMemory` is called when something of it was killed
   * for want of memory, or has to be: the rest of it is to be ended too. May be called more than once.
   */
  watch(leader: ProcessIdentity, onOutOfMemory: () => void): void;
  /** Whether, and how, something of the kernel was killed for want of memory. Undefined: not, as far as is known here. */
  outOfMemory(): Promise<OutOfMemory | undefined>;
  /** Whether `outOfMemory` knows of every such death, so that nobody else has to be asked. */
  readonly isExact: boolean;
  /** Undefined: the kernel is gone. */
  usage(): Promise<Usage | undefined>;
  /** Ends what is still in it, and removes it. May be repeated. Rejects if something does not end. */
  remove(): Promise<void>;
}

/** All kernels of a server together. */
export interface KernelsGroup {
  /** A folder's name that no server has which shares out another room. */
  readonly name: string;
  /** What they may have in all: the reserve stays with the server and the system even when all kernels want more. */
  readonly memoryBytes: number;
}

/**
 * Weight of all kernels together where they and the server want a processor at the same time, of the system's usual one: what
 * people feel is the server, and kernels get all that it leaves.
 */
export const kernelsCpuWeight = 0.25;

/** One way of keeping kernels within limits on this machine. */
export interface Limiter {
  readonly kind: LimitsKind;
  /** For the log and `/api/status`: what is in force, in one sentence. */
  readonly sentence: string;
  /** Makes a place for a kernel. `name` is a folder's name that no other kernel of this machine has. */
  confine(name: string, limits: Resources): Promise<Confinement>;
  /** What is left of all that kernels may have together. Undefined: nothing keeps them within that. */
  available(): Promise<number | undefined>;
  /** What is written down of a kernel of which only the name is known. */
  recordOf(name: string): ConfinementRecord;
}
