// A whole server's CPU for each line that a real kernel prints and flushes; ours may lose nothing. Peers without their limit, and as
// they come (how many lines they then lose). A client on the kernel's own sockets is the baseline.
// Needs `npm run build` and PERIJOVE_TEST_PYTHON. Usage: node benchmarks/printed-lines.js [lines] [rounds]
import { median } from './roles/bench.js';
import { installedServers, kinds } from './servers/kinds.js';
import { compare, Results, sayConditions, sayLoadAfter } from './servers/report.js';
import { attempt, directKernel, serveKernel } from './servers/serve-kernel.js';

const lines = Number(process.argv[2] ?? 20_000);
const rounds = Number(process.argv[3] ?? 3);
const print = (count) => ({ do: 'run', code: `for i in range(${count}): print(i, flush=True)` });
const framings = ['v1', 'default'];
const names = installedServers();
const results = new Results();
sayConditions(names);

for (let index = 0; index < rounds; index++) {
  const { client, stop } = await directKernel('ipykernel');
  await client.ask(print(1000));
  const {
    cpu,
    results: [{ ms }],
  } = await client.ask(print(lines));
  results.note('direct', 'direct, cpu', cpu / lines);
  results.note('direct', 'direct, rate', (lines / ms) * 1000);
  await stop();
  for (const name of names) {
    for (const framing of framings) await attempt(name, () => through(name, framing, false));
    if (kinds[name].withoutRateLimit) await attempt(name, () => through(name, 'v1', true));
  }
}
const direct = { cpu: results.of('direct, cpu', median), rate: results.of('direct, rate', median) };
for (const framing of framings) {
  compare(
    `server's CPU for each of ${lines} lines, ${framing}`,
    'µs',
    { ...results.of(`${framing}, cpu`, median), ...direct.cpu },
    { goal: '≤ 20' },
  );
  compare('  lines lost', '', results.of(`${framing}, lost`, median), { goal: 0, digits: 0 });
  compare('  lines/s', '', { ...results.of(`${framing}, rate`, median), ...direct.rate }, { digits: 0 });
}
for (const [name, lost] of Object.entries(results.of('as it comes, lost', median)))
  console.log(`${name} as it comes loses ${lost} lines`);
sayLoadAfter();

async function through(name, framing, hasRateLimit) {
  const { server, client, stop } = await serveKernel(name, 'bench-python', { framing, hasRateLimit });
  try {
    await client.ask(print(1000));
    const before = server.cpu();
    const {
      results: [result],
    } = await client.ask(print(lines));
    const lost = lines - result.lines;
    if (hasRateLimit) return results.note(name, 'as it comes, lost', lost);
    if (name === 'perijove' && lost !== 0) throw new Error(`${lost} of ${lines} lines are lost`);
    results.note(name, `${framing}, cpu`, (server.cpu() - before) / lines);
    results.note(name, `${framing}, lost`, lost);
    results.note(name, `${framing}, rate`, (lines / result.ms) * 1000);
  } finally {
    await stop();
  }
}
