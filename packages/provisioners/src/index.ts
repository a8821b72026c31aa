export * from './local/local-provisioner.ts';
export * from './local/options.ts';
export { GatewayClient } from './gateway/gateway-client.ts';
export { GatewayKernelspecs } from './gateway/gateway-kernelspecs.ts';
export { gatewayProvisioner, type GatewayProvisionerOptions } from './gateway/gateway-provisioner.ts';
export { gatewayOptions, type GatewayOptions } from './gateway/options.ts';
