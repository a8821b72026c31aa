import type {
  channelOptions,
  cullingOptions,
  kernelOptions,
  kernelspecOptions,
  resourceOptions,
} from '@perijove/kernels';
import type { kubernetesOptions, machineOptions } from '@perijove/provisioners';
import type {
  auditOptions,
  authOptions,
  eventOptions,
  gatewayServerOptions,
  httpOptions,
  OptionValues,
  proxyOptions,
} from '@perijove/server';
import type { gatewayLaunchOptions } from './options.ts';

/** The value of every setting of `perijove gateway`. */
export type GatewaySettings = OptionValues<typeof gatewayLaunchOptions> &
  OptionValues<typeof httpOptions> &
  OptionValues<typeof authOptions> &
  OptionValues<typeof proxyOptions> &
  OptionValues<typeof auditOptions> &
  OptionValues<typeof gatewayServerOptions> &
  OptionValues<typeof kernelOptions> &
  OptionValues<typeof kernelspecOptions> &
  OptionValues<typeof resourceOptions> &
  OptionValues<typeof machineOptions> &
  OptionValues<typeof kubernetesOptions> &
  OptionValues<typeof cullingOptions> &
  OptionValues<typeof channelOptions> &
  OptionValues<typeof eventOptions>;
