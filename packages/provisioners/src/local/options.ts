import { parseQuantity } from '@perijove/protocol';
import { Type, type Static, type TObject } from 'typebox';

/** Settings of kernels on this machine. */
export const machineOptions = {
  memory: {
    schema: Type.String({ default: '', format: 'quantity' }),
    help: 'Memory that all kernels on this machine may have together. Empty: the memory of the machine, or of the container or service that the server runs in, less the reserve.',
  },
  cpus: {
    schema: Type.String({ default: '', format: 'quantity' }),
    help: 'Processors that all kernels on this machine may have together. Empty: all that there are.',
  },
  memoryReserve: {
    schema: Type.String({ default: '', format: 'quantity' }),
    help: 'Memory that is kept from kernels, for the server and the system. Empty: a tenth, at least 512Mi, at most 4Gi.',
  },
} as const;

export type MachineOptionValues = Readonly<
  Static<TObject<{ -readonly [K in keyof typeof machineOptions]: (typeof machineOptions)[K]['schema'] }>>
>;

/** What of the machine kernels may have. Absent: not said. */
export interface KernelShare {
  readonly memoryBytes?: number;
  readonly cpus?: number;
  readonly reserveBytes?: number;
}

export function kernelShareOf({ memory, cpus, memoryReserve }: MachineOptionValues): KernelShare {
  return {
    ...(memory === '' ? {} : { memoryBytes: parseQuantity(memory) }),
    ...(cpus === '' ? {} : { cpus: parseQuantity(cpus) }),
    ...(memoryReserve === '' ? {} : { reserveBytes: parseQuantity(memoryReserve) }),
  };
}
