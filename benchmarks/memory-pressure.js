// Thirty kernels of one server in a box of 3 GiB. Twenty of them take 600 MiB each, all at once, which is four times the box; ten hold
// what they have. Another user's round trips meanwhile; which kernels die, and whether they say why; who of the ten is harmed.
// Ours gives each kernel 256Mi and keeps 64Mi for it, which is what a kernelspec says. Needs `npm run build`, root, and a cgroup with
// memory. Usage: node benchmarks/memory-pressure.js
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { testPython } from '../packages/testkit/dist/index.js';
import { start } from './roles/bench.js';
import { kinds } from './servers/kinds.js';
import { LineClient } from './servers/line-client.js';
import { makeMemoryBox } from './servers/memory-box.js';
import { compare, Results, sayConditions, sayLoadAfter } from './servers/report.js';
import { makeFolders, removeFolders, startKernel, startServer } from './servers/start-server.js';

const boxBytes = 3 * 2 ** 30;
const greedyCount = 20;
const goodCount = 10;
const startAtOnce = 5;
const pings = 300;
const pingPauseMs = 20;

const hold = `import time
kept = bytearray(b"x" * (16 << 20))
print(f"0 {time.time()}", flush=True)`;
const check = `print(f"{1 if len(kept) == 16 << 20 else 9} {time.time()}", flush=True)`;
const ready = `import time
print(f"0 {time.time()}", flush=True)`;
const take = `taken = []
for _ in range(60):
    taken.append(bytearray(b"x" * (10 << 20))); time.sleep(0.02)
print(f"2 {time.time()}", flush=True)
time.sleep(600)`;

const names = ['perijove', ...(kinds.jupyter_server ? ['jupyter_server'] : [])];
const results = new Results();
sayConditions(names);
for (const name of names) {
  const folders = makeFolders();
  const box = makeMemoryBox(boxBytes);
  if (!box)
    throw new Error(
      'no cgroup with a limit of memory can be made here: root, and a cgroup with memory, are needed',
    );
  const pinger = start('websocket');
  try {
    for (const [what, value] of Object.entries(await press(name, folders, box, pinger)))
      results.note(name, what, value);
  } finally {
    await pinger.stop();
    await removeFolders(folders);
    await delay(500);
    box.remove();
  }
}
const row = (what, options) =>
  compare(
    what,
    '',
    results.of(what, (values) => values[0]),
    { digits: 1, ...options },
  );
row('ms, round trip of another user before, median');
row('ms, round trip of another user meanwhile, median');
row('ms, round trip of another user meanwhile, p99');
row('ms, longest');
row(`greedy kernels that died, of ${greedyCount}`);
row('  of them with the reason that memory ran out', { goal: greedyCount });
row('  started again by themselves', { goal: 0 });
row(`well-behaved kernels that were harmed, of ${goodCount}`, { goal: 0 });
row('servers that were harmed', { goal: 0 });
sayLoadAfter();

async function press(name, folders, box, pinger) {
  const server = await startServer(name, folders, { entrance: box.entrance });
  const kernelspec = addKernelspec(folders);
  const kernels = [];
  for (let from = 0; from < goodCount + greedyCount; from += startAtOnce) {
    const some = Array.from({ length: startAtOnce }, async (_, index) => {
      const kernel = await startKernel(server, kernelspec, `kernel-${from + index}`);
      const client = await new LineClient(kernel.url).opened();
      client.execute(from < goodCount ? hold : ready);
      await client.until(1, { quietMs: 60_000 });
      return { ...kernel, client };
    });
    kernels.push(...(await Promise.all(some)));
  }
  const [good, greedy] = [kernels.slice(0, goodCount), kernels.slice(goodCount)];
  await pinger.ask({ do: 'connect', url: good[0].url });
  const before = await pinger.ask({ do: 'roundTrips', count: 100, pauseMs: pingPauseMs });
  const pinging = pinger.ask({ do: 'roundTrips', count: pings, pauseMs: pingPauseMs });
  for (const { client } of greedy) client.execute(take);
  const { times } = await Promise.race([pinging, delay(60_000, { times: [Infinity] })]);
  // Who dies late, and what is told of it.
  await delay(5000);
  const models = await modelsOf(server);
  for (const { client } of good) client.execute(check);
  await Promise.all(good.map(({ client }) => client.until(2, { quietMs: 10_000 })));
  const outcomes = greedy.map((kernel) => outcomeOf(kernel, models));
  const outcome = {
    'ms, round trip of another user before, median': at(before.times, 0.5),
    'ms, round trip of another user meanwhile, median': at(times, 0.5),
    'ms, round trip of another user meanwhile, p99': at(times, 0.99),
    'ms, longest': at(times, 1),
    [`greedy kernels that died, of ${greedyCount}`]: outcomes.filter(({ died }) => died).length,
    '  of them with the reason that memory ran out': outcomes.filter(({ reason }) => reason).length,
    '  started again by themselves': outcomes.filter(({ died, isAlive }) => died && isAlive).length,
    [`well-behaved kernels that were harmed, of ${goodCount}`]: good.filter(
      ({ client }) => !client.lines.has(1),
    ).length,
    'servers that were harmed': server.child.exitCode === null && server.child.signalCode === null ? 0 : 1,
  };
  for (const reason of new Set(outcomes.map((one) => one.reason).filter(Boolean)))
    console.log(`${name}: ${reason}`);
  for (const { client } of kernels) await client.close();
  await server.stop();
  return outcome;
}

/** It did not come to the end of its cell, whose processes the system or the server has ended. */
function outcomeOf({ url, client }, models) {
  const id = /kernels\/([^/]+)\//.exec(url)[1];
  const model = models.find((one) => one.id === id);
  const isBusy = model?.execution_state === 'busy';
  const died = !client.lines.has(2) && !isBusy;
  return {
    died,
    isAlive: model !== undefined && model.execution_state !== 'dead',
    reason: /out of memory/.test(model?.reason ?? '') ? model.reason : undefined,
  };
}

async function modelsOf(server) {
  try {
    return JSON.parse(await server.send('GET', 'api/kernels'));
  } catch {
    return [];
  }
}

function addKernelspec({ home }) {
  const name = 'bench-limited';
  const folder = join(home, '.local/share/jupyter/kernels', name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'kernel.json'),
    JSON.stringify({
      argv: [testPython(), '-m', 'ipykernel_launcher', '-f', '{connection_file}'],
      display_name: 'Python, limited',
      language: 'python',
      metadata: { perijove: { resources: { memory: '256Mi', requests: { memory: '64Mi', cpus: '20m' } } } },
    }),
  );
  return name;
}

function at(times, part) {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}
