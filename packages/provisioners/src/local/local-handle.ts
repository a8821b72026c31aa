import type { ProvisionedHandle } from '@perijove/kernels';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';

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
  /** Asked for, and recorded; nothing here limits a kernel yet. */
  resources: Type.Record(Type.String(), Type.Number()),
});
export type LocalHandle = Static<typeof LocalHandle>;

/** Undefined: not a handle of this provisioner. */
export function asLocalHandle(handle: ProvisionedHandle): LocalHandle | undefined {
  return Value.Check(LocalHandle, handle) ? handle : undefined;
}
