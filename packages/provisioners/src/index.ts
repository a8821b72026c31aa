export * from './local/local-provisioner.ts';
export * from './local/options.ts';
