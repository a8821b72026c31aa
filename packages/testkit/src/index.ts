export * from './chromium.ts';
export * from './direct-client.ts';
export * from './fake-kernel/fake-kernel.ts';
export * from './fake-kernelspec.ts';
export * from './test-python.ts';
export * from './perijove-process.ts';
export * from './test-websocket.ts';
export * from './test-cluster.ts';
