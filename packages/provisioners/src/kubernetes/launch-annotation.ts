import type { FoundKernel, LaunchRequest } from '@perijove/kernels';
import { Type } from 'typebox';
import { Value } from 'typebox/value';

const Amounts = Type.Object({
  memoryBytes: Type.Optional(Type.Number()),
  cpus: Type.Optional(Type.Number()),
});
const LaunchAnnotation = Type.Object({
  kernelId: Type.String({ pattern: '^[\\w-]+$' }),
  kernelspec: Type.String(),
  cwd: Type.String(),
  env: Type.Record(Type.String(), Type.String()),
  username: Type.String(),
  resources: Amounts,
  requests: Type.Optional(Amounts),
});

/** What a pod says of how its kernel was launched, so that a server without any records of its own can go on with it. */
export function launchAnnotation({ kernelspec, ...launch }: LaunchRequest): string {
  return JSON.stringify({ ...launch, kernelspec: kernelspec.name });
}

/** Undefined: it is none, or of a version that this one does not know. */
export function readLaunchAnnotation(text: string | undefined): FoundKernel['launch'] | undefined {
  try {
    const read: unknown = JSON.parse(text ?? '');
    return Value.Check(LaunchAnnotation, read) ? read : undefined;
  } catch {
    return undefined;
  }
}
