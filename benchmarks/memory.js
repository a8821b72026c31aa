// The server's own memory at rest, and what a kernel that idles with one WebSocket adds to it (the kernel's process is not counted).
// A Node that does nothing is the baseline. Needs `npm run build`. Usage: node benchmarks/memory.js [kernels]
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { start } from './roles/bench.js';
import { installedServers } from './servers/kinds.js';
import { compare, Results, sayConditions, sayLoadAfter } from './servers/report.js';
import { makeFolders, removeFolders, startKernel, startServer } from './servers/start-server.js';

const kernels = Number(process.argv[2] ?? 10);
// A server's first kernels make it load what the others then share.
const first = 3;
const settleMs = 5000;
const names = installedServers();
const results = new Results();
sayConditions(names);

for (const name of names) {
  const folders = makeFolders();
  const client = start('websocket');
  try {
    const server = await startServer(name, folders);
    await server.answers('lab');
    await delay(settleMs);
    const rest = server.memory();
    note(name, 'at rest', rest, 1024);
    const started = [];
    for (let index = 0; index < first + kernels; index++) {
      if (index === first) {
        await delay(settleMs);
        started.push(server.memory());
      }
      const { url } = await startKernel(server, 'bench-python', `kernel-${index}`);
      await client.ask({ do: 'connect', url });
      await client.ask({ do: 'roundTrips', count: 1, of: -1 });
    }
    await delay(settleMs);
    const [before, after] = [started[0], server.memory()];
    note(
      name,
      `each of ${kernels} kernels with a socket`,
      { rss: after.rss - before.rss, pss: after.pss - before.pss },
      kernels * 1024,
    );
    await server.stop();
  } finally {
    await client.stop();
    await removeFolders(folders);
  }
}

const bare = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
await delay(1000);
const node =
  Number(/^Rss:\s+(\d+)/m.exec(readFileSync(`/proc/${bare.pid}/smaps_rollup`, 'latin1'))[1]) / 1024;
bare.kill();
const only = (values) => values[0];
compare(
  'resident at rest',
  'MB',
  { ...results.of('at rest, rss', only), 'bare node': node },
  { goal: '≤ 85' },
);
compare('  of it proportional (PSS)', 'MB', results.of('at rest, pss', only));
compare(
  'each idle kernel with a socket, resident',
  'MB',
  results.of(`each of ${kernels} kernels with a socket, rss`, only),
  { goal: '≤ 1', digits: 2 },
);
compare('  proportional (PSS)', 'MB', results.of(`each of ${kernels} kernels with a socket, pss`, only), {
  digits: 2,
});
sayLoadAfter();

function note(name, what, { rss, pss }, divisor) {
  results.note(name, `${what}, rss`, rss / divisor);
  results.note(name, `${what}, pss`, pss / divisor);
}
