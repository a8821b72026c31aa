import type { WaitingClaim } from './admission.ts';
import type { KernelRecord } from './kernel-record.ts';

/** What a kernel counts as where room is shared out. */
export function claimOf(
  record: Pick<KernelRecord, 'id' | 'username' | 'provisioner' | 'resources' | 'requests' | 'admission'>,
): WaitingClaim {
  const { id, username, provisioner, resources, requests = resources, admission } = record;
  return {
    id,
    username,
    place: provisioner,
    memoryBytes: requests.memoryBytes ?? 0,
    cpus: requests.cpus ?? 0,
    ticket: admission?.ticket ?? 0,
    overtaken: admission?.overtaken ?? 0,
  };
}
