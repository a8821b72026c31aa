// Small iopub messages of a fast kernel, through the server and a WebSocket, against a client on the kernel's own sockets.
// The server (or the direct client) has a core; the kernel (and the WebSocket's client) another.
// Needs `npm run build`. Usage: node benchmarks/messages.js [messages] [rounds]
import { median, perSecond, round, show, start } from './roles/bench.js';

const count = Number(process.argv[2] ?? 200_000);
const rounds = Number(process.argv[3] ?? 3);
const results = { direct: [], v1: [], default: [] };
const cpu = { v1: [], default: [], direct: [] };

for (let index = 0; index < rounds; index++) {
  results.direct.push(await direct());
  for (const framing of ['v1', 'default']) results[framing].push(await through(framing));
}
const base = median(results.direct);
show('direct', round(base, 0), `messages/s, ${round(median(cpu.direct))} µs of CPU each`);
for (const framing of ['v1', 'default']) {
  const rate = median(results[framing]);
  show(
    `server, ${framing} framing`,
    round(rate, 0),
    `messages/s, ${round(median(cpu[framing]))} µs of the server's CPU each`,
  );
  show(`  of direct`, round(rate / base), '×', '≥ 0.5');
}

async function direct() {
  const kernel = start('kernel', { core: 1 });
  const client = start('direct', { core: 0 });
  await client.ask({ do: 'connect', connection: await kernel.ask({ do: 'connection' }) });
  await client.ask({ do: 'run', code: `fast ${count / 10}` });
  const {
    results: [result],
    cpu: used,
  } = await client.ask({ do: 'run', code: `fast ${count}` });
  check(result);
  cpu.direct.push(used / count);
  await Promise.all([kernel.stop(), client.stop()]);
  return perSecond(result);
}

async function through(framing) {
  const kernel = start('kernel', { core: 1 });
  const server = start('server', { core: 0 });
  const client = start('websocket', { core: 1 });
  const { url } = await server.ask({ do: 'connect', connection: await kernel.ask({ do: 'connection' }) });
  await client.ask({ do: 'connect', url, framing });
  await client.ask({ do: 'run', code: `fast ${count / 10}` });
  const before = await server.ask({ do: 'cpu' });
  const {
    results: [result],
  } = await client.ask({ do: 'run', code: `fast ${count}` });
  const after = await server.ask({ do: 'cpu' });
  check(result);
  cpu[framing].push((after.cpu - before.cpu) / count);
  await Promise.all([kernel.stop(), server.stop(), client.stop()]);
  return perSecond(result);
}

function check(result) {
  if (result.messages !== count) throw new Error(`${result.messages} of ${count} messages have arrived`);
}
