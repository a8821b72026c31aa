// Writes NAME.br and NAME.gz beside every text asset, so that the server never compresses a static file.
import { readdir, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

const text = /\.(js|css|json|svg|html|txt|map|ttf|eot|ico)$/;
/** Below this a header costs more than is saved. */
const smallestBytes = 1024;

/** Compresses what is under `folder`, the largest first; gives the bytes before and after. */
export async function compressAll(folder) {
  const files = [];
  for (const name of await readdir(folder, { recursive: true })) {
    const path = join(folder, name);
    const { size } = text.test(name) ? await stat(path) : { size: 0 };
    if (size >= smallestBytes) files.push({ path, size });
  }
  files.sort((a, b) => b.size - a.size);

  const totals = { files: files.length, bytes: 0, brotli: 0, gzip: 0 };
  const workers = Math.min(availableParallelism(), files.length);
  await Promise.all(Array.from({ length: workers }, () => work(files, totals)));
  return totals;
}

/** One thread, that takes the next file until there is none. */
async function work(files, totals) {
  const worker = new Worker(new URL('compress-worker.js', import.meta.url));
  try {
    for (let file = files.shift(); file; file = files.shift()) {
      const { brotli, gzip } = await ask(worker, file.path);
      totals.bytes += file.size;
      totals.brotli += brotli;
      totals.gzip += gzip;
    }
  } finally {
    await worker.terminate();
  }
}

function ask(worker, path) {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (answer) => {
      worker.off('error', reject);
      resolve(answer);
    });
    worker.postMessage(path);
  });
}
