// An idle round trip of a shell message: through each whole server and a WebSocket, against the kernel's own sockets.
// Needs `npm run build`. Usage: node benchmarks/round-trip.js [count]
import { median } from './roles/bench.js';
import { installedServers } from './servers/kinds.js';
import { compare, percentile, Results, sayConditions, sayLoadAfter } from './servers/report.js';
import { attempt, directKernel, serveKernel } from './servers/serve-kernel.js';

const count = Number(process.argv[2] ?? 1000);
const names = installedServers();
const results = new Results();
sayConditions(names);
const parts = { direct: await directKernel('kernel') };
try {
  for (const name of names) parts[name] = await attempt(name, () => serveKernel(name, 'bench-fast'));
  for (const part of Object.values(parts)) await part?.client.ask({ do: 'roundTrips', count: 100 });
  // In turns, so that whatever else the machine does meets all.
  for (let turn = 0; turn < 10; turn++) {
    for (const [name, part] of Object.entries(parts)) {
      if (part)
        results.note(name, 'ms', ...(await part.client.ask({ do: 'roundTrips', count: count / 10 })).times);
    }
  }
} finally {
  for (const part of Object.values(parts)) await part?.stop();
}
show('median', median, '≤ 0.3');
show('p99', (values) => percentile(values, 0.99), '≤ 2');
sayLoadAfter();

function show(what, pick, goal) {
  const { direct, ...times } = results.of('ms', pick);
  compare(`round trip, ${what}`, 'ms', { ...times, direct }, { digits: 3 });
  const over = Object.fromEntries(Object.entries(times).map(([name, ms]) => [name, ms - direct]));
  compare('  over direct', 'ms', over, { goal, digits: 3 });
}
