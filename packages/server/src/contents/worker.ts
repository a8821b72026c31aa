// Entry of a worker thread: performs operations one after the other.
import { parentPort } from 'node:worker_threads';
import { ContentsFailure } from './disk/contents-failure.ts';
import { perform } from './operations.ts';
import type { OperationName } from './operations.ts';
import type { WorkerReply, WorkerRequest } from './worker-pool.ts';

parentPort?.on('message', (request: WorkerRequest) => {
  const [reply, transfer] = answer(request);
  parentPort?.postMessage(reply, transfer);
});

function answer(request: WorkerRequest): [reply: WorkerReply, transfer: ArrayBuffer[]] {
  try {
    const result: unknown = perform(request.name, request.settings, request.args as never);
    return [{ id: request.id, result }, transferable(request.name, result)];
  } catch (error) {
    return [{ id: request.id, ...describe(error) }, []];
  }
}

// The JSON of a model has a buffer of its own (see ByteSink), so it can be handed over instead of copied.
function transferable(_name: OperationName, result: unknown): ArrayBuffer[] {
  const json = (result as { json?: Buffer } | null | undefined)?.json;
  return json === undefined ? [] : [json.buffer as ArrayBuffer];
}

function describe(error: unknown): Pick<WorkerReply, 'failure' | 'crash'> {
  if (error instanceof ContentsFailure) {
    const { code, message, reason } = error;
    const cause = error.cause instanceof Error ? error.cause.message : undefined;
    return { failure: { code, message, reason, cause } };
  }
  return { crash: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
