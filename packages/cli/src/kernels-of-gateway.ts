import { userInfo } from 'node:os';
import type { Log, Provisioner } from '@perijove/kernels';
import {
  GatewayClient,
  GatewayKernelspecs,
  gatewayProvisioner,
  type GatewayOptions,
} from '@perijove/provisioners';
import { UsageError } from './usage-error.ts';

/** Where kernels come from, when that is not this machine. */
export interface KernelsElsewhere {
  readonly kernelspecs: GatewayKernelspecs;
  readonly provisioner: Provisioner;
}

/** What `--gateway-url` asks for; undefined without it. */
export function kernelsOfGateway(
  options: GatewayOptions,
  env: Readonly<Record<string, string | undefined>>,
  log: Log,
): KernelsElsewhere | undefined {
  if (options.gatewayUrl === '') return undefined;
  let client: GatewayClient;
  try {
    client = new GatewayClient(options);
  } catch (error) {
    throw new UsageError(`The settings of the gateway cannot be used: ${(error as Error).message}.`, {
      cause: error,
    });
  }
  return {
    kernelspecs: new GatewayKernelspecs({
      client,
      log,
      maxAgeMs: options.gatewayKernelspecsAgeS * 1000,
      username: env['KERNEL_USERNAME'],
      now: Date.now,
    }),
    provisioner: gatewayProvisioner({ client, options, env, ownUsername: userInfo().username, log }),
  };
}
