import { hostname } from 'node:os';
import type { Provisioner } from '@perijove/kernels';
import type { Machine } from '@perijove/server';

/** Where kernels run: this machine, and the cluster's, of which those with kernels are shown. */
export async function machinesOf(local: Provisioner, cluster: Provisioner | undefined): Promise<Machine[]> {
  const [capacity, nodes] = await Promise.all([local.capacity(), cluster?.machines?.() ?? []]);
  return [
    // Who has a cluster need not run anything here.
    { name: hostname(), capacity, isShownEmpty: cluster === undefined },
    ...nodes.map((node) => ({ ...node, isShownEmpty: false })),
  ];
}
