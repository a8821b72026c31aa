// Bursts of lines from a real kernel while other processes keep the machine's processors and disk busy: what does our server lose, and
// what does a client on the kernel's own sockets lose? What a kernel drops itself, any of the two may miss.
// Needs `npm run build` and PERIJOVE_TEST_PYTHON. Usage: node benchmarks/lost-lines.js [bursts] [busy] [writers]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { start } from './roles/bench.js';
import { sayConditions, sayLoadAfter } from './servers/report.js';
import { makeFolders, removeFolders, startKernel, startServer } from './servers/start-server.js';

const [bursts = 5, busy = 3, writers = 2] = process.argv.slice(2).map(Number);
const lines = 20_000;
const code = `for i in range(${lines}): print(i, flush=True)`;
const spin = 'for (;;);';
// What a build or a database does to the disk.
const write = `
  const { closeSync, fsyncSync, openSync, writeSync } = require('node:fs');
  const block = Buffer.alloc(2 ** 20);
  for (;;) {
    const file = openSync(process.argv[1], 'w');
    for (let index = 0; index < 300; index++) writeSync(file, block);
    fsyncSync(file);
    closeSync(file);
  }`;

sayConditions(['perijove']);
const folders = makeFolders();
const disturbers = [
  ...Array.from({ length: busy }, () => spawn(process.execPath, ['-e', spin])),
  ...Array.from({ length: writers }, (_, index) =>
    spawn(process.execPath, ['-e', write, join(folders.base, `busy-${index}`)]),
  ),
];
try {
  await measure();
} finally {
  await Promise.all(
    disturbers.map((child) => {
      child.kill('SIGKILL');
      return once(child, 'exit');
    }),
  );
  await removeFolders(folders);
}
sayLoadAfter();

async function measure() {
  const server = await startServer('perijove', folders);
  const [client, direct] = [start('websocket'), start('direct')];
  const { url } = await startKernel(server, 'bench-python');
  await client.ask({ do: 'connect', url });
  await client.ask({ do: 'roundTrips', count: 1 });
  const runtime = join(folders.home, '.local/share/jupyter/runtime');
  const file = join(
    runtime,
    readdirSync(runtime).find((name) => name.startsWith('kernel-')),
  );
  await direct.ask({ do: 'connect', connection: JSON.parse(readFileSync(file, 'utf8')) });
  const totals = { ours: 0, direct: 0 };
  for (let burst = 0; burst < bursts; burst++) {
    const listening = direct.ask({ do: 'listen' });
    const { results } = await client.ask({ do: 'run', code });
    const [ours, theirs] = [results[0], (await listening).results[0]].map((result) => lines - result.lines);
    console.log(
      `burst ${burst + 1}: ours lost ${ours}, direct ${theirs}, in ${Math.round(results[0].ms)} ms`,
    );
    totals.ours += ours;
    totals.direct += theirs;
  }
  console.log(`lost of ${bursts} × ${lines}: ours ${totals.ours}, direct ${totals.direct}`);
  await Promise.all([client.stop(), direct.stop(), server.stop()]);
}
