import { hostname } from 'node:os';
import type { KernelRecord } from '@perijove/kernels';

/** The machine that a kernel runs on: of those elsewhere, what their place says, else its name. */
export function nodeOfRecord({ provisioner, handle }: Pick<KernelRecord, 'provisioner' | 'handle'>): string {
  if (provisioner === 'local') return hostname();
  const { node } = (handle ?? {}) as { node?: unknown };
  return typeof node === 'string' ? node : provisioner;
}
