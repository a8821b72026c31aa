// The server's CPU for each line that a real kernel prints and flushes; nothing may be lost.
// Needs `npm run build` and PERIJOVE_TEST_PYTHON. Usage: node benchmarks/printed-lines.js [lines] [rounds]
import { median, round, show, start } from './roles/bench.js';

const lines = Number(process.argv[2] ?? 20_000);
const rounds = Number(process.argv[3] ?? 3);
for (const framing of ['v1', 'default']) {
  const micros = [];
  const rates = [];
  for (let index = 0; index < rounds; index++) {
    const kernel = start('ipykernel');
    const server = start('server');
    const client = start('websocket');
    const { url } = await server.ask({ do: 'connect', connection: await kernel.ask({ do: 'connection' }) });
    await client.ask({ do: 'connect', url, framing });
    await client.ask({ do: 'run', code: 'for i in range(1000): print(i, flush=True)' });
    const before = await server.ask({ do: 'cpu' });
    const {
      results: [result],
    } = await client.ask({ do: 'run', code: `for i in range(${lines}): print(i, flush=True)` });
    const after = await server.ask({ do: 'cpu' });
    if (result.lines !== lines) throw new Error(`${result.lines} of ${lines} lines have arrived`);
    micros.push((after.cpu - before.cpu) / lines);
    rates.push((lines / result.ms) * 1000);
    await kernel.ask({ do: 'stop' });
    await Promise.all([kernel, server, client].map((part) => part.stop()));
  }
  show(
    `${lines} lines, ${framing} framing, ${round(median(rates), 0)} lines/s`,
    round(median(micros)),
    'µs of CPU a line',
    '≤ 20',
  );
}
