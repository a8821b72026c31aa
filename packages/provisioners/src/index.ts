export { accountEnvironment, asAccount, type Account } from './local/accounts/account.ts';
export { kernelAccounts, type KernelAccounts } from './local/accounts/kernel-accounts.ts';
export * from './local/local-provisioner.ts';
export * from './local/options.ts';
export { GatewayClient } from './gateway/gateway-client.ts';
export { GatewayKernelspecs } from './gateway/gateway-kernelspecs.ts';
export { gatewayProvisioner, type GatewayProvisionerOptions } from './gateway/gateway-provisioner.ts';
export { examineCluster } from './kubernetes/doctor/examine-cluster.ts';
export type { Finding } from './kubernetes/doctor/finding.ts';
export { hasCluster, openClusterAccess, type ClusterAccess } from './kubernetes/cluster-access.ts';
export {
  kubernetesProvisioner,
  type KubernetesProvisionerOptions,
} from './kubernetes/kubernetes-provisioner.ts';
export { openClusterLease } from './kubernetes/lease/open-cluster-lease.ts';
export { kubernetesOptions, type KubernetesOptions } from './kubernetes/options.ts';
export { gatewayOptions, type GatewayOptions } from './gateway/options.ts';
