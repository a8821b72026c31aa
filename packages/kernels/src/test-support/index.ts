export * from './child-provisioner.ts';
export * from './scripted-channels.ts';
export * from './test-registry.ts';
