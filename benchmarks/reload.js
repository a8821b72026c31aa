// 500 lines are printed while the page is reloaded: it goes when 150 have come and is back, with a new session id, a second later.
// How many lines do the two have together? Ours is asked as stock JupyterLab asks and as a client asks that wants all (`?after=`).
// Needs `npm run build`. Usage: node benchmarks/reload.js [rounds]
import { setTimeout as delay } from 'node:timers/promises';
import { median } from './roles/bench.js';
import { installedServers, kinds } from './servers/kinds.js';
import { LineClient, printingLines } from './servers/line-client.js';
import { compare, Results, sayConditions, sayLoadAfter } from './servers/report.js';
import { makeFolders, removeFolders, startKernel, startServer } from './servers/start-server.js';

const rounds = Number(process.argv[2] ?? 3);
const count = 500;
const names = installedServers();
const results = new Results();
sayConditions(names);
for (const name of names) {
  const folders = makeFolders();
  try {
    const server = await startServer(name, folders);
    for (let round = 0; round < rounds; round++) {
      for (const asks of kinds[name].canReplay ? [true, false] : [false]) {
        const what = asks ? 'a client that asks' : 'stock client';
        results.note(
          name,
          what,
          await linesAround(await startKernel(server, 'bench-python', `${what}-${round}`), asks),
        );
      }
    }
    await server.stop();
  } finally {
    await removeFolders(folders);
  }
}
// A peer's client can ask as it likes: there is nothing to ask for.
const stock = results.of('stock client', median);
compare(
  `of ${count} lines, for a client that asks`,
  'lines',
  { ...stock, ...results.of('a client that asks', median) },
  { goal: count, digits: 0 },
);
compare('  for a stock client', 'lines', stock, { digits: 0 });
sayLoadAfter();

async function linesAround({ url }, asks) {
  const before = await new LineClient(url, { isNumbered: asks }).opened();
  before.execute(printingLines(count, 4));
  await before.until(150, { quietMs: 60_000 });
  await before.close();
  const seen = before.lines.size;
  await delay(1000);
  const after = await new LineClient(url, asks ? { isNumbered: true, after: before.number } : {}).opened();
  // What is on its way comes; what was dropped does not.
  await after.until(count - seen);
  await after.close();
  return new Set([...before.lines.keys(), ...after.lines.keys()]).size;
}
