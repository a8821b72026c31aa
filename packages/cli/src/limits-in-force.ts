import type { MachineProvisioner } from '@perijove/provisioners';
import { UsageError } from './usage-error.ts';

/** Better no server than one whose kernels are not limited as somebody has asked for. */
export async function limitsInForce(
  provisioner: MachineProvisioner,
  { limits }: { readonly limits: unknown },
): Promise<string> {
  try {
    return (await provisioner.limits()).sentence;
  } catch (error) {
    throw new UsageError(
      `--limits ${String(limits)} is not to be had here: ${(error as Error).message}. With auto the best of what there is is taken.`,
      { cause: error },
    );
  }
}
