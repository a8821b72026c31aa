export * from './local/local-provisioner.ts';
