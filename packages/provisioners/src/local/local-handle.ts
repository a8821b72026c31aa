import type { ProvisionedHandle } from '@perijove/kernels';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { ConfinementRecord } from './limits/confinement.ts';

/** Enough to find a kernel of this machine again. The key of its messages is in the connection file only. */
const LocalHandle = Type.Object({
  provisioner: Type.Literal('local'),
  /** The supervising shell: the kernel's process group and session have this number. */
  pid: Type.Integer({ minimum: 2 }),
  startedAt: Type.String(),
  connectionFile: Type.String({ minLength: 1 }),
  logFile: Type.String({ minLength: 1 }),
  outputFile: Type.String({ minLength: 1 }),
  exitFile: Type.String({ minLength: 1 }),
  /** Of a kernel that runs as another account. */
  accountFile: Type.Optional(Type.String({ minLength: 1 })),
  /** At most. */
  resources: Type.Record(Type.String(), Type.Number()),
  /** What is kept for it. */
  requests: Type.Optional(Type.Record(Type.String(), Type.Number())),
  /** What keeps it within its limits; missing in handles of before there were any. */
  confinement: Type.Optional(ConfinementRecord),
});
export type LocalHandle = Static<typeof LocalHandle>;

/** Undefined: not a handle of this provisioner. */
export function asLocalHandle(handle: ProvisionedHandle): LocalHandle | undefined {
  return Value.Check(LocalHandle, handle) ? handle : undefined;
}
