/**
 * Where a worker's program is: beside this module when built. A bundle sets it to its own second entry point
 * (`WorkerPoolOptions.url`). From source, as tests run, Node 20 cannot load TypeScript in a worker, so a
 * small program there bundles worker.ts in memory first; nothing built is needed or can be out of date.
 */
export const workerUrl: URL = import.meta.url.endsWith('.ts')
  ? new URL('./worker-from-source.js', import.meta.url)
  : new URL('./worker.js', import.meta.url);
