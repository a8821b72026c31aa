// One real kernel (PERIJOVE_TEST_PYTHON), ten clients, 5,000 lines each: through each whole server, against ten subscribers on the
// kernel's own sockets. Needs `npm run build`. Usage: node benchmarks/fan-out.js [rounds]
import { median } from './roles/bench.js';
import { installedServers } from './servers/kinds.js';
import { compare, Results, sayConditions, sayLoadAfter } from './servers/report.js';
import { attempt, directKernel, serveKernel } from './servers/serve-kernel.js';

const rounds = Number(process.argv[2] ?? 3);
const lines = 5000;
const clients = 10;
const code = `for i in range(${lines}): print(i, flush=True)`;
const names = installedServers();
const results = new Results();
sayConditions(names);

for (let index = 0; index < rounds; index++) {
  const { client, stop } = await directKernel('ipykernel', { count: clients });
  note('direct', await client.ask({ do: 'run', code }));
  await stop();
  for (const name of names) await attempt(name, () => through(name));
}
compare(`lines/s to each of ${clients} clients`, '', results.of('rate', median), {
  goal: '≥ 0.8 × direct',
  digits: 0,
});
compare('  lines lost by all of them', '', results.of('lost', median), { goal: 0, digits: 0 });
compare("  server's CPU for each line and client", 'µs', results.of('cpu', median));
sayLoadAfter();

async function through(name) {
  const { server, client, stop } = await serveKernel(name, 'bench-python', { count: clients });
  try {
    const before = server.cpu();
    note(name, await client.ask({ do: 'run', code }));
    results.note(name, 'cpu', (server.cpu() - before) / lines / clients);
  } finally {
    await stop();
  }
}

function note(name, outcome) {
  const lost = outcome.results.reduce((sum, result) => sum + lines - result.lines, 0);
  if (lost !== 0 && name === 'perijove') throw new Error(`${lost} lines are lost`);
  results.note(name, 'lost', lost);
  results.note(name, 'rate', (lines / Math.max(...outcome.results.map(({ ms }) => ms))) * 1000);
}
