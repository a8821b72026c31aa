// One kernel, ten clients, 5,000 lines each: through the server, against ten subscribers on the kernel's own sockets.
// The kernel is a real one (PERIJOVE_TEST_PYTHON) unless `fake` is said.
// Needs `npm run build`. Usage: node benchmarks/fan-out.js [rounds] [fake]
import { median, round, show, start } from './roles/bench.js';

const rounds = Number(process.argv[2] ?? 3);
const isFake = process.argv[3] === 'fake';
const lines = 5000;
const clients = 10;
const code = isFake ? `print ${lines}` : `for i in range(${lines}): print(i, flush=True)`;
const times = { direct: [], through: [] };
const cpus = [];

for (let index = 0; index < rounds; index++) {
  times.direct.push(await run(false));
  times.through.push(await run(true));
}
show('ten direct subscribers', round(median(times.direct), 0), 'ms');
show(
  'ten WebSockets',
  round(median(times.through), 0),
  `ms, ${round(median(cpus))} µs of the server's CPU for each line and client`,
);
show('  of direct', round(median(times.direct) / median(times.through)), '×', '≥ 0.8');

async function run(isThrough) {
  const kernel = start(isFake ? 'kernel' : 'ipykernel');
  const connection = await kernel.ask({ do: 'connection' });
  const client = start(isThrough ? 'websocket' : 'direct');
  let server;
  let before;
  if (isThrough) {
    server = start('server');
    const { url } = await server.ask({ do: 'connect', connection });
    await client.ask({ do: 'connect', url, count: clients });
    before = await server.ask({ do: 'cpu' });
  } else await client.ask({ do: 'connect', connection, count: clients });
  const { results } = await client.ask({ do: 'run', code });
  for (const { lines: arrived } of results) {
    if (arrived !== lines) throw new Error(`${arrived} of ${lines} lines have arrived`);
  }
  if (server !== undefined) cpus.push(((await server.ask({ do: 'cpu' })).cpu - before.cpu) / lines / clients);
  await kernel.ask({ do: 'stop' });
  await Promise.all([kernel, client, server].map((part) => part?.stop()));
  return Math.max(...results.map(({ ms }) => ms));
}
