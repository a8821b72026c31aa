// Small iopub messages of a fast kernel, through each whole server and a WebSocket, against a client on the kernel's own sockets.
// The server (or the direct client) has a core; the kernel (and the WebSocket's client) another.
// Needs `npm run build`. Usage: node benchmarks/messages.js [messages] [rounds]
import { median, perSecond } from './roles/bench.js';
import { installedServers } from './servers/kinds.js';
import { compare, Results, sayConditions, sayLoadAfter } from './servers/report.js';
import { attempt, directKernel, serveKernel } from './servers/serve-kernel.js';

const count = Number(process.argv[2] ?? 200_000);
const rounds = Number(process.argv[3] ?? 3);
const framings = ['v1', 'default'];
const names = installedServers();
const results = new Results();
sayConditions(names);

for (let index = 0; index < rounds; index++) {
  await direct();
  for (const name of names) {
    for (const framing of framings) await attempt(name, () => through(name, framing));
  }
}
for (const framing of framings) {
  compare(
    `messages/s, ${framing}`,
    '',
    { ...results.of(`${framing}, rate`, median), ...results.of('direct, rate', median) },
    { goal: '≥ 0.5 × direct, ≥ 20 × jupyter lab', digits: 0 },
  );
  compare("  of the server's CPU each", 'µs', {
    ...results.of(`${framing}, cpu`, median),
    ...results.of('direct, cpu', median),
  });
}
sayLoadAfter();

async function direct() {
  const { client, stop } = await directKernel('kernel', { isPinned: true });
  await client.ask({ do: 'run', code: `fast ${count / 10}` });
  const {
    results: [result],
    cpu,
  } = await client.ask({ do: 'run', code: `fast ${count}` });
  check(result, count);
  results.note('direct', 'direct, rate', perSecond({ messages: result.lines, ms: result.ms }));
  results.note('direct', 'direct, cpu', cpu / count);
  await stop();
}

async function through(name, framing) {
  // Peers would be at it for minutes.
  const messages = name === 'perijove' ? count : count / 20;
  const { server, client, stop } = await serveKernel(name, 'bench-fast', { framing, isPinned: true });
  try {
    await client.ask({ do: 'run', code: `fast ${messages / 10}` });
    const before = server.cpu();
    const {
      results: [result],
    } = await client.ask({ do: 'run', code: `fast ${messages}` });
    check(result, messages);
    results.note(name, `${framing}, rate`, perSecond({ messages: result.lines, ms: result.ms }));
    results.note(name, `${framing}, cpu`, (server.cpu() - before) / messages);
  } finally {
    await stop();
  }
}

/** For a client that is slower than the kernel a server may join messages (SPEC.md of the channels, R16), but drop none. */
function check(result, expected) {
  if (result.lines !== expected) throw new Error(`${result.lines} of ${expected} lines have arrived`);
}
