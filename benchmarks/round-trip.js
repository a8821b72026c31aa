// An idle round trip of a shell message: through the server and a WebSocket, against the kernel's own sockets.
// Needs `npm run build`. Usage: node benchmarks/round-trip.js [count]
import { median, round, show, start } from './roles/bench.js';

const count = Number(process.argv[2] ?? 1000);
const kernel = start('kernel');
const connection = await kernel.ask({ do: 'connection' });
const direct = start('direct');
await direct.ask({ do: 'connect', connection });
const server = start('server');
const { url } = await server.ask({ do: 'connect', connection });
const through = start('websocket');
await through.ask({ do: 'connect', url });

const times = { direct: [], through: [] };
// In turns, so that whatever else the machine does meets both.
for (let turn = 0; turn < 10; turn++) {
  times.direct.push(...(await direct.ask({ do: 'roundTrips', count: count / 10 })).times);
  times.through.push(...(await through.ask({ do: 'roundTrips', count: count / 10 })).times);
}
const p99 = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)];
show('direct, median', round(median(times.direct), 3), 'ms');
show('server, median', round(median(times.through), 3), 'ms');
show('  over direct', round(median(times.through) - median(times.direct), 3), 'ms', '≤ 0.3');
show('direct, p99', round(p99(times.direct), 3), 'ms');
show('server, p99', round(p99(times.through), 3), 'ms');
show('  over direct', round(p99(times.through) - p99(times.direct), 3), 'ms', '≤ 2');
await Promise.all([kernel, direct, server, through].map((part) => part.stop()));
