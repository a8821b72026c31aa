import {
  auditOptions,
  authOptions,
  contentsOptions,
  eventOptions,
  gatewayServerOptions,
  httpOptions,
  labOptions,
  nbconvertOptions,
  proxyOptions,
  terminalOptions,
} from '@perijove/server';
import {
  channelOptions,
  cullingOptions,
  kernelOptions,
  kernelspecOptions,
  resourceOptions,
} from '@perijove/kernels';
import { gatewayOptions, kubernetesOptions, machineOptions } from '@perijove/provisioners';
import type { OptionSection } from './option.ts';
import { gatewayLaunchSection, launchSection } from './options.ts';

/** All settings of `perijove lab`, in the order of its help. */
export const labSections: readonly OptionSection[] = [
  launchSection,
  { title: 'Address', options: httpOptions },
  { title: 'Login', options: authOptions },
  { title: 'Login by a proxy', options: proxyOptions },
  { title: 'Audit', options: auditOptions },
  { title: 'Files', options: contentsOptions },
  { title: 'Kernels', options: { ...kernelOptions, ...kernelspecOptions } },
  { title: 'Memory and processors', options: { ...resourceOptions, ...machineOptions } },
  { title: 'Kernels in Kubernetes', options: kubernetesOptions },
  { title: 'Kernels of a gateway', options: gatewayOptions },
  { title: 'Idle kernels', options: cullingOptions },
  { title: 'Messages of kernels', options: channelOptions },
  { title: 'Terminals', options: terminalOptions },
  { title: 'Events', options: eventOptions },
  { title: 'Conversion of notebooks', options: nbconvertOptions },
  { title: 'JupyterLab', options: labOptions },
];

const gatewaySection: OptionSection = { title: 'Gateway', options: gatewayServerOptions };

/** For the reference: all settings of all commands. */
export const allSections: readonly OptionSection[] = [...labSections, gatewaySection];

/** All settings of `perijove gateway`. */
export const gatewaySections: readonly OptionSection[] = [
  gatewayLaunchSection,
  { title: 'Address', options: httpOptions },
  { title: 'Login', options: authOptions },
  { title: 'Login by a proxy', options: proxyOptions },
  { title: 'Audit', options: auditOptions },
  gatewaySection,
  { title: 'Kernels', options: { ...kernelOptions, ...kernelspecOptions } },
  { title: 'Memory and processors', options: { ...resourceOptions, ...machineOptions } },
  { title: 'Kernels in Kubernetes', options: kubernetesOptions },
  { title: 'Idle kernels', options: cullingOptions },
  { title: 'Messages of kernels', options: channelOptions },
  { title: 'Events', options: eventOptions },
];
