// What a WebSocket costs in memory, and a round trip with many of them open.
// Needs `npm run build`. Usage: node benchmarks/sockets-memory.js [sockets]
import { median, round, show, start } from './roles/bench.js';

const count = Number(process.argv[2] ?? 200);
const kernel = start('kernel');
const connection = await kernel.ask({ do: 'connection' });
const direct = start('direct');
await direct.ask({ do: 'connect', connection });
const server = start('server', { args: [], env: { NODE_OPTIONS: '--expose-gc' } });
const { url } = await server.ask({ do: 'connect', connection });
const client = start('websocket');
await client.ask({ do: 'connect', url });
await client.ask({ do: 'roundTrips', count: 500, pauseMs: 0 });
// Those who only look on are another process: what is measured is the server.
const onlookers = start('websocket');
await onlookers.ask({ do: 'connect', url, count: 20 });
await client.ask({ do: 'roundTrips', count: 200, pauseMs: 0 });
const before = await server.ask({ do: 'memory' });
await onlookers.ask({ do: 'connect', url, count });
await client.ask({ do: 'roundTrips', count: 20, pauseMs: 20 });
const after = await server.ask({ do: 'memory' });
const each = (key) => (after[key] - before[key]) / count / 1024;
show('resident memory of each WebSocket', round(each('rss'), 1), 'kB', '≤ 30');
show('  JavaScript heap and buffers of it', round(each('heapUsed') + each('external'), 1), 'kB');
const times = { direct: [], through: [] };
for (let turn = 0; turn < 10; turn++) {
  times.direct.push(...(await direct.ask({ do: 'roundTrips', count: 30, pauseMs: 20 })).times);
  times.through.push(...(await client.ask({ do: 'roundTrips', count: 30, pauseMs: 20 })).times);
}
show(
  `round trip with ${count + 21} open, over direct`,
  round(median(times.through) / median(times.direct)),
  '×',
  '≤ 1.5',
);
await Promise.all([kernel, direct, server, client, onlookers].map((part) => part.stop()));
