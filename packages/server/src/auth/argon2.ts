// Loads nothing of the server: the thread loads this very module, in a bundle with all that it imports.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';

/** @public By their names, for the thread. */
export { argon2id, argon2Verify } from 'hash-wasm';

// As jupyter_server's passwd(): 10 MiB and ten passes.
const parameters = { memorySize: 10_240, iterations: 10, parallelism: 8, hashLength: 16 } as const;

type Job =
  | {
      readonly do: 'argon2id';
      readonly with: typeof parameters & { password: string; salt: Uint8Array; outputType: 'encoded' };
    }
  | { readonly do: 'argon2Verify'; readonly with: { password: string; hash: string } };

/** `$argon2id$v=19$m=10240,t=10,p=8$…` */
export async function hashInThread(password: string, salt: Uint8Array): Promise<string> {
  return String(
    await run({ do: 'argon2id', with: { ...parameters, password, salt, outputType: 'encoded' } }),
  );
}

/** False also for a hash that is malformed. */
export async function verifyInThread(hash: string, password: string): Promise<boolean> {
  return (await run({ do: 'argon2Verify', with: { password, hash } })) === true;
}

const program = `
const { parentPort, workerData } = require('node:worker_threads');
import(workerData.library)
  .then((library) => library[workerData.job.do](workerData.job.with))
  .then((result) => parentPort.postMessage({ result }), (error) => parentPort.postMessage({ error: String(error) }));
`;

/** From source, as tests run, Node 20 cannot load this module: then the library alone does. */
const library = import.meta.url.endsWith('.ts')
  ? pathToFileURL(createRequire(import.meta.url).resolve('hash-wasm')).href
  : import.meta.url;

/** Meant to be slow (a third of a second of one core), it must not be felt by those who are in already. */
function run(job: Job): Promise<unknown> {
  // Without the process's own flags: loaders of a test runner have no place in there.
  const worker = new Worker(program, { eval: true, workerData: { library, job }, execArgv: [] });
  return new Promise((resolve, reject) => {
    worker.once('message', (reply: { result?: unknown; error?: string }) => {
      if (reply.error === undefined) resolve(reply.result);
      // The library's words for a hash that is malformed; all else would be a fault of ours.
      else if (job.do === 'argon2Verify' && /hash|parameter|version/i.test(reply.error)) resolve(false);
      else reject(new Error(`argon2: ${reply.error}`));
    });
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the thread that hashes a password ended early')));
  }).finally(() => void worker.terminate());
}
