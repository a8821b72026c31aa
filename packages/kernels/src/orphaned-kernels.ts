import { join } from 'node:path';
import { FileKernelStore } from './file-kernel-store.ts';
import type { KernelRecord } from './kernel-record.ts';
import type { Log } from './log.ts';
import type { Provisioner } from './provisioner.ts';
import { listServerStates, StateFolder } from './state-folder.ts';

/** A kernel that no living server owns: its server was killed, or ended and kept it. */
export interface OrphanedKernel {
  readonly record: KernelRecord;
  /** State folder of the server that it had. */
  readonly folder: string;
  /** Root folder of the server that it had. */
  readonly root: string;
}

/** The kernels in all state folders that no living server owns, as they were written down. Whether they still live: `endOrphanedKernel`. */
export async function orphanedKernels(stateDir: string, log: Log): Promise<readonly OrphanedKernel[]> {
  const found: OrphanedKernel[] = [];
  for (const { path, root, isOwned } of await listServerStates(stateDir)) {
    if (isOwned) continue;
    for (const record of await storeOf(path, log).load()) {
      if (record.state.status !== 'dead') found.push({ record, folder: path, root });
    }
  }
  return found;
}

export interface EndOptions {
  readonly provisioners: ReadonlyMap<string, Provisioner>;
  readonly graceMs: number;
  readonly log: Log;
}

/**
 * Ends such a kernel and removes its record. `ended`, `gone` (it did not live any more), or `taken` when a server
 * has come back to it meanwhile or its provisioner is not known here: then it is left alone.
 */
export async function endOrphanedKernel(
  { record, folder, root }: OrphanedKernel,
  { provisioners, graceMs, log }: EndOptions,
): Promise<'ended' | 'gone' | 'taken'> {
  const provisioner = provisioners.get(record.provisioner);
  if (!provisioner) return 'taken';
  const claimed = await StateFolder.claimPath(folder, root);
  if (!claimed) return 'taken';
  try {
    const kernel = await provisioner.adopt(
      record.handle ?? { provisioner: record.provisioner, kernelId: record.id },
    );
    const isThere = kernel !== undefined && !('ended' in kernel);
    if (isThere) await kernel.destroy(graceMs);
    await storeOf(folder, log).remove(record.id);
    return isThere ? 'ended' : 'gone';
  } finally {
    await claimed.release();
  }
}

function storeOf(folder: string, log: Log): FileKernelStore {
  return new FileKernelStore({ folder: join(folder, 'kernels'), log, soonMs: 0 });
}
