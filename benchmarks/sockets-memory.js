// What a WebSocket costs a whole server in memory, and a round trip with many of them open, over one on the kernel's own sockets.
// Needs `npm run build`. Usage: node benchmarks/sockets-memory.js [sockets]
import { setTimeout as delay } from 'node:timers/promises';
import { median, start } from './roles/bench.js';
import { installedServers } from './servers/kinds.js';
import { compare, Results, sayConditions, sayLoadAfter } from './servers/report.js';
import { attempt, directKernel, serveKernel } from './servers/serve-kernel.js';

const count = Number(process.argv[2] ?? 200);
const settleMs = 3000;
const names = installedServers();
const results = new Results();
sayConditions(names);
const direct = await directKernel('kernel');
for (const name of names) await attempt(name, () => withManyOpen(name));
await direct.stop();
compare('resident memory of each WebSocket', 'kB', results.of('kB', median), { goal: '≤ 30' });
const pings = results.of('ms', median);
// Each in turns with its own baseline, taken at the same time.
compare(`round trip with ${count + 21} open`, 'ms', pings, { digits: 2 });
compare('  over direct in the same turns', '×', results.of('over direct', median), {
  goal: '≤ 1.5',
  digits: 2,
});
sayLoadAfter();

async function withManyOpen(name) {
  const { server, client, url, stop } = await serveKernel(name, 'bench-fast');
  // Those who only look on are another process, so that the client's own work is that of one.
  const onlookers = start('websocket');
  try {
    await client.ask({ do: 'roundTrips', count: 500, pauseMs: 0 });
    await onlookers.ask({ do: 'connect', url, count: 20 });
    await client.ask({ do: 'roundTrips', count: 200, pauseMs: 0 });
    await delay(settleMs);
    const before = server.memory();
    await onlookers.ask({ do: 'connect', url, count });
    await client.ask({ do: 'roundTrips', count: 20, pauseMs: 20 });
    await delay(settleMs);
    results.note(name, 'kB', (server.memory().rss - before.rss) / count);
    const times = { direct: [], through: [] };
    for (let turn = 0; turn < 10; turn++) {
      times.direct.push(...(await direct.client.ask({ do: 'roundTrips', count: 30, pauseMs: 20 })).times);
      times.through.push(...(await client.ask({ do: 'roundTrips', count: 30, pauseMs: 20 })).times);
    }
    results.note(name, 'ms', ...times.through);
    results.note('direct', 'ms', ...times.direct);
    results.note(name, 'over direct', median(times.through) / median(times.direct));
  } finally {
    await onlookers.stop();
    await stop();
  }
}
