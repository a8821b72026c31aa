import type { KernelConnection, KernelLink, LinkOptions } from './kernel-link.ts';
import { KernelSockets } from './kernel-sockets.ts';

/** The link of either kind of connection. */
export function openLink(connection: KernelConnection, options: LinkOptions): KernelLink {
  return 'openLink' in connection ? connection.openLink(options) : new KernelSockets(connection, options);
}
