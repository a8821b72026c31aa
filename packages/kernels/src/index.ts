export * from './jupyter-paths.ts';
export * from './kernel-error.ts';
export * from './provisioner.ts';
export * from './python-prefixes.ts';
