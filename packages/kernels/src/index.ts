export * from './json-error.ts';
export * from './jupyter-paths.ts';
export * from './kernel-command.ts';
export * from './kernel-error.ts';
export * from './kernelspecs.ts';
export * from './provisioner.ts';
export * from './python-prefixes.ts';
