import type { Kernelspec } from './provisioner.ts';

/**
 * Which provisioner a kernelspec asks for, in Jupyter's own way: `metadata.kernel_provisioner.provisioner_name`.
 * Jupyter's `local-provisioner` is what we call `local`. Undefined: it does not say.
 */
export function provisionerNameOf({ spec }: Kernelspec): string | undefined {
  const { provisioner_name: name } = (spec.metadata?.['kernel_provisioner'] ?? {}) as {
    provisioner_name?: unknown;
  };
  if (typeof name !== 'string') return undefined;
  return name === 'local-provisioner' ? 'local' : name;
}
