import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { ServerError } from '../errors.ts';

// As jupyter_server's passwd(): 10 MiB and ten passes.
const parameters = { memorySize: 10_240, iterations: 10, parallelism: 8, hashLength: 16 } as const;

type Job =
  | {
      readonly do: 'argon2id';
      readonly with: typeof parameters & { password: string; salt: Uint8Array; outputType: 'encoded' };
    }
  | { readonly do: 'argon2Verify'; readonly with: { password: string; hash: string } };

/** `$argon2id$v=19$m=10240,t=10,p=8$…` */
export async function argon2Hash(password: string, salt: Uint8Array): Promise<string> {
  return String(
    await enqueue({ do: 'argon2id', with: { ...parameters, password, salt, outputType: 'encoded' } }),
  );
}

/** False also for a hash that is malformed. */
export async function argon2Verify(hash: string, password: string): Promise<boolean> {
  return (await enqueue({ do: 'argon2Verify', with: { password, hash } })) === true;
}

/** Logins that may wait for their turn; each takes a third of a second of one core. */
const maxWaiting = 32;
let waiting = 0;
let last: Promise<unknown> = Promise.resolve();

/** One after the other, in a thread: meant to be slow, it must not be felt by those who are in already. */
function enqueue(job: Job): Promise<unknown> {
  if (waiting >= maxWaiting) throw new ServerError('UNAVAILABLE', 'Too many logins at once. Try again soon.');
  waiting++;
  const result = last.then(() => runInThread(job)).finally(() => waiting--);
  last = result.catch(() => undefined); // whoever asked hears of it
  return result;
}

const program = `
const { parentPort, workerData } = require('node:worker_threads');
const { library, job } = workerData;
require(library)[job.do](job.with).then(
  (result) => parentPort.postMessage({ result }),
  () => parentPort.postMessage({ result: undefined }), // a malformed hash
);
`;

function runInThread(job: Job): Promise<unknown> {
  const library = createRequire(import.meta.url).resolve('hash-wasm');
  // Not of the process's own flags: loaders of a test runner have no place in there.
  const worker = new Worker(program, { eval: true, workerData: { library, job }, execArgv: [] });
  return new Promise((resolve, reject) => {
    worker.once('message', ({ result }: { result: unknown }) => resolve(result));
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the thread that hashes a password ended early')));
  }).finally(() => void worker.terminate());
}
