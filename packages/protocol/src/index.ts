export * from './connection-info.ts';
export * from './kernelspec.ts';
export * from './message.ts';
export * from './protocol-error.ts';
export * from './rest.ts';
export * from './signer.ts';
export * from './wire.ts';
