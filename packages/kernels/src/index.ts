export * from './kernel-error.ts';
export * from './provisioner.ts';
