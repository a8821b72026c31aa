// What a gateway between a notebook server and its kernels costs: an idle round trip, 20,000 printed lines, memory at rest. Ours on
// ours against one hop; beside it stock JupyterLab on Jupyter Enterprise Gateway.
// Needs `npm run build`, PERIJOVE_TEST_PYTHON; PERIJOVE_BENCH_PYTHON and PERIJOVE_BENCH_JEG for the peers.
// Usage: node benchmarks/two-hops.js [lines] [round trips]
import { median, start } from './roles/bench.js';
import { kinds, token } from './servers/kinds.js';
import { compare, percentile, Results, sayConditions, sayLoadAfter } from './servers/report.js';
import { attempt, directKernel } from './servers/serve-kernel.js';
import { makeFolders, removeFolders, startKernel, startServer } from './servers/start-server.js';

const lines = Number(process.argv[2] ?? 20_000);
const count = Number(process.argv[3] ?? 500);
/** From the page's side to the kernel's. */
const chains = {
  'one hop': ['perijove'],
  perijove: ['perijove', 'perijove'],
  ...(kinds['jupyter lab'] && kinds['enterprise gateway']
    ? { 'jupyter lab on enterprise gateway': ['jupyter lab', 'enterprise gateway'] }
    : {}),
  ...(kinds['jupyter lab'] ? { 'jupyter lab on perijove': ['jupyter lab', 'perijove'] } : {}),
};
// Enterprise Gateway starts nothing for root.
process.env.KERNEL_USERNAME = 'bench';
const results = new Results();
sayConditions([...new Set(Object.values(chains).flat())]);

await roundTrips();
for (const name of Object.keys(chains)) await attempt(name, () => printedLines(name));

const oneHop = (what, pick) => results.of(what, pick)['one hop'];
for (const [title, pick] of [
  ['median', median],
  ['p99', (values) => percentile(values, 0.99)],
]) {
  const { direct, ...times } = results.of('ms', pick);
  const over = Object.fromEntries(Object.entries(times).map(([name, ms]) => [name, ms - direct]));
  const most = 2 * (times['one hop'] - direct);
  compare(`round trip over direct, ${String(title)}`, 'ms', over, {
    goal: `≤ ${most.toFixed(2)}`,
    digits: 3,
  });
}
compare(`${lines} lines`, 's', results.of('s', median), {
  goal: `≤ ${(2 * oneHop('s', median)).toFixed(1)}`,
  digits: 2,
});
compare('  lines lost', '', results.of('lost', median), { goal: 0, digits: 0 });
compare('  CPU of all servers for a line', 'µs', results.of('cpu', median), {
  goal: `≤ ${(2 * oneHop('cpu', median)).toFixed(0)}`,
});
compare("  the first server's own memory, before", 'MB', results.of('memory', median));
sayLoadAfter();

async function roundTrips() {
  const parts = { direct: await directKernel('kernel') };
  try {
    for (const name of Object.keys(chains))
      parts[name] = await attempt(name, () => serveChain(name, 'bench-fast'));
    for (const part of Object.values(parts)) await part?.client.ask({ do: 'roundTrips', count: 50 });
    for (let turn = 0; turn < 10; turn++) {
      for (const [name, part] of Object.entries(parts)) {
        if (!part) continue;
        const { times } = await part.client.ask({ do: 'roundTrips', count: count / 10 });
        results.note(name, 'ms', ...times);
      }
    }
  } finally {
    for (const part of Object.values(parts)) await part?.stop();
  }
}

async function printedLines(name) {
  const { servers, client, stop } = await serveChain(name, 'bench-python');
  try {
    const print = (many) => ({ do: 'run', code: `for i in range(${many}): print(i, flush=True)` });
    results.note(name, 'memory', servers[0].memory().rss / 1000);
    await client.ask(print(1000));
    const cpu = () => servers.reduce((sum, server) => sum + server.cpu(), 0);
    const before = cpu();
    const {
      results: [result],
    } = await client.ask(print(lines));
    results.note(name, 'cpu', (cpu() - before) / lines);
    results.note(name, 's', result.ms / 1000);
    results.note(name, 'lost', lines - result.lines);
  } finally {
    await stop();
  }
}

/** Servers from the page's side to the kernel's, each at the next as its gateway. */
async function serveChain(name, kernelspec) {
  const folders = [];
  const servers = [];
  for (const kind of chains[name].toReversed()) {
    folders.unshift(makeFolders());
    const gateway = servers[0];
    const args = gateway ? [`--gateway-url=${gateway.url.replace(/\/$/, '')}`] : [];
    if (gateway?.name === 'perijove')
      args.push(kind === 'perijove' ? `--gateway-token=${token}` : `--GatewayClient.auth_token=${token}`);
    servers.unshift(await startServer(kind, folders[0], { args }));
  }
  const client = start('websocket');
  const { url } = await startKernel(servers[0], kernelspec);
  await client.ask({ do: 'connect', url, count: 1, framing: name.startsWith('jupyter') ? 'default' : 'v1' });
  await client.ask({ do: 'roundTrips', count: 1 });
  return {
    servers,
    client,
    stop: async () => {
      await client.stop();
      for (const server of servers) await server.stop();
      for (const folder of folders) await removeFolders(folder);
    },
  };
}
