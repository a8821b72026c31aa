import { Type } from 'typebox';
import type { OptionValues } from '../http/option-values.ts';

/** What a gateway has beyond what a notebook server has, too. */
export const gatewayServerOptions = {
  startWaitS: {
    schema: Type.Number({ default: 30, minimum: 0, maximum: 3600 }),
    help: "Seconds that POST /api/kernels waits until the kernel is up; then it answers that the kernel is starting. A client's KERNEL_LAUNCH_TIMEOUT shortens it, `Prefer: respond-async` makes it 0.",
  },
  listKernels: {
    schema: Type.Boolean({ default: true }),
    help: 'Let clients list kernels and sessions: their own, and administrators all.',
  },
  authorizedUsers: {
    schema: Type.Array(Type.String(), { default: [] }),
    help: 'Users that may start kernels; none given: all. A kernelspec may name its own in metadata.process_proxy.config.authorized_users.',
  },
  unauthorizedUsers: {
    schema: Type.Array(Type.String(), { default: [] }),
    help: 'Users that may not start kernels, besides those that a kernelspec names.',
  },
} as const;

export type GatewayServerSettings = OptionValues<typeof gatewayServerOptions>;
