// 200 × 1 MB display_data of a real kernel (PERIJOVE_TEST_PYTHON) through each whole server in both framings, against the kernel's own sockets.
// Needs `npm run build`. Usage: node benchmarks/large-messages.js [rounds]
import { median } from './roles/bench.js';
import { installedServers } from './servers/kinds.js';
import { compare, Results, sayConditions, sayLoadAfter } from './servers/report.js';
import { attempt, directKernel, serveKernel } from './servers/serve-kernel.js';

const rounds = Number(process.argv[2] ?? 3);
const code = `from IPython.display import display\nfor i in range(200): display({'text/plain': 'x' * ${2 ** 20}}, raw=True)`;
const framings = ['v1', 'default'];
const names = installedServers();
const results = new Results();
sayConditions(names);

for (let index = 0; index < rounds; index++) {
  const { client, stop } = await directKernel('ipykernel');
  const {
    results: [result],
  } = await client.ask({ do: 'run', code });
  results.note('direct', 'direct', rate(result));
  await stop();
  for (const name of names) {
    for (const framing of framings) await attempt(name, () => through(name, framing));
  }
}
for (const framing of framings) {
  const goal = '≥ 0.8 × direct';
  compare(
    `MB/s, ${framing}`,
    '',
    { ...results.of(framing, median), ...results.of('direct', median) },
    { goal, digits: 0 },
  );
  compare(
    "  the server's memory at its peak",
    'MB',
    results.of(`${framing}, peak`, (values) => Math.max(...values)),
    { digits: 0 },
  );
}
sayLoadAfter();

async function through(name, framing) {
  const { server, client, stop } = await serveKernel(name, 'bench-python', { framing });
  try {
    const {
      results: [result],
    } = await client.ask({ do: 'run', code });
    results.note(name, framing, rate(result));
    results.note(name, `${framing}, peak`, server.memory().peak / 1024);
  } finally {
    await stop();
  }
}

function rate({ messages, bytes, ms }) {
  if (messages !== 200) throw new Error(`${messages} of 200 messages have arrived`);
  return bytes / 1000 / ms;
}
