// 200 × 1 MB display_data of a real kernel (PERIJOVE_TEST_PYTHON) through the server in both framings, against the kernel's own sockets.
// Needs `npm run build`. Usage: node benchmarks/large-messages.js [rounds]
import { median, round, show, start } from './roles/bench.js';

const rounds = Number(process.argv[2] ?? 3);
const code = `from IPython.display import display\nfor i in range(200): display({'text/plain': 'x' * ${2 ** 20}}, raw=True)`;
const rates = { direct: [], v1: [], default: [] };
let peak = 0;

for (let index = 0; index < rounds; index++) {
  rates.direct.push(await direct());
  for (const framing of ['v1', 'default']) rates[framing].push(await through(framing));
}
const base = median(rates.direct);
show('direct', round(base), 'MB/s');
for (const framing of ['v1', 'default']) {
  show(`server, ${framing} framing`, round(median(rates[framing])), 'MB/s');
  show('  of direct', round(median(rates[framing]) / base), '×', '≥ 0.8');
}
show("the server's memory at its peak", round(peak / 2 ** 20, 0), 'MB');

async function direct() {
  const kernel = start('ipykernel');
  const client = start('direct');
  await client.ask({ do: 'connect', connection: await kernel.ask({ do: 'connection' }) });
  const {
    results: [result],
  } = await client.ask({ do: 'run', code });
  await kernel.ask({ do: 'stop' });
  await Promise.all([kernel.stop(), client.stop()]);
  return rate(result);
}

async function through(framing) {
  const kernel = start('ipykernel');
  const server = start('server');
  const client = start('websocket');
  const { url } = await server.ask({ do: 'connect', connection: await kernel.ask({ do: 'connection' }) });
  await client.ask({ do: 'connect', url, framing });
  const {
    results: [result],
  } = await client.ask({ do: 'run', code });
  peak = Math.max(peak, (await server.ask({ do: 'memory' })).peakRss);
  await kernel.ask({ do: 'stop' });
  await Promise.all([kernel.stop(), server.stop(), client.stop()]);
  return rate(result);
}

function rate({ messages, bytes, ms }) {
  if (messages !== 200) throw new Error(`${messages} of 200 messages have arrived`);
  return bytes / 1000 / ms;
}
