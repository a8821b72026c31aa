import { hostname } from 'node:os';
import type { KernelRecord } from '@perijove/kernels';
import type { KernelPlace } from '@perijove/server';

/** The machine that a kernel runs on: of those elsewhere, what their place says, else its name. Its pod and image, if it has those. */
export function placeOfRecord({
  provisioner,
  handle,
}: Pick<KernelRecord, 'provisioner' | 'handle'>): KernelPlace {
  if (provisioner === 'local') return { node: hostname() };
  const { node, pod, image } = (handle ?? {}) as { node?: unknown; pod?: unknown; image?: unknown };
  return {
    node: typeof node === 'string' ? node : provisioner,
    ...(typeof pod === 'string' ? { pod } : {}),
    ...(typeof image === 'string' ? { image } : {}),
  };
}
