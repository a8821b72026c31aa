import type {
  channelOptions,
  cullingOptions,
  kernelOptions,
  kernelspecOptions,
  resourceOptions,
} from '@perijove/kernels';
import type { gatewayOptions, kubernetesOptions, machineOptions } from '@perijove/provisioners';
import type {
  auditOptions,
  authOptions,
  contentsOptions,
  eventOptions,
  httpOptions,
  labOptions,
  nbconvertOptions,
  OptionValues,
  proxyOptions,
  terminalOptions,
} from '@perijove/server';
import type { launchOptions } from './options.ts';

/** The value of every setting of `perijove lab`. */
export type LabSettings = OptionValues<typeof launchOptions> &
  OptionValues<typeof httpOptions> &
  OptionValues<typeof auditOptions> &
  OptionValues<typeof authOptions> &
  OptionValues<typeof proxyOptions> &
  OptionValues<typeof contentsOptions> &
  OptionValues<typeof kernelOptions> &
  OptionValues<typeof kernelspecOptions> &
  OptionValues<typeof resourceOptions> &
  OptionValues<typeof machineOptions> &
  OptionValues<typeof kubernetesOptions> &
  OptionValues<typeof gatewayOptions> &
  OptionValues<typeof cullingOptions> &
  OptionValues<typeof channelOptions> &
  OptionValues<typeof terminalOptions> &
  OptionValues<typeof eventOptions> &
  OptionValues<typeof nbconvertOptions> &
  OptionValues<typeof labOptions>;
