// 500 lines are printed while the server is killed by SIGKILL (when 150 have come) and started again on the same folders. What was
// printed while a server lived must all arrive, and the gap must be told: from when to when nobody listened.
// Needs `npm run build`. Usage: node benchmarks/crash.js [rounds]
import { setTimeout as delay } from 'node:timers/promises';
import { median } from './roles/bench.js';
import { installedServers, kinds } from './servers/kinds.js';
import { LineClient, printingLines } from './servers/line-client.js';
import { compare, Results, sayConditions, sayLoadAfter } from './servers/report.js';
import { makeFolders, removeFolders, startKernel, startServer } from './servers/start-server.js';

const rounds = Number(process.argv[2] ?? 3);
const count = 500;
const pauseMs = 10;
const names = installedServers();
const results = new Results();
sayConditions(names);
for (const name of names) {
  for (let round = 0; round < rounds; round++) {
    const folders = makeFolders();
    try {
      const outcome = await crash(name, folders);
      for (const [what, value] of Object.entries(outcome)) results.note(name, what, value);
    } finally {
      await removeFolders(folders);
    }
  }
}
const row = (what, options) => compare(what, '', results.of(what, median), { digits: 0, ...options });
row(`lines that a client has, of ${count}`);
row('  printed before the kill and missing', { goal: 0 });
row('  printed after the new server answers and missing', { goal: 0 });
row('  printed while no server answered and missing');
row('  of them not within the gap as told', { goal: 0 });
row('ms from the kill until the new server answers');
sayLoadAfter();

async function crash(name, folders) {
  const first = await startServer(name, folders);
  const { url } = await startKernel(first, 'bench-python');
  const canReplay = kinds[name].canReplay === true;
  const before = await new LineClient(url, { isNumbered: canReplay }).opened();
  before.execute(printingLines(count, pauseMs));
  await before.until(150, { quietMs: 60_000 });
  const killedAt = Date.now() / 1000;
  await first.stop('SIGKILL');
  await before.closed;
  const second = await startServer(name, folders, { port: first.port });
  const answersAt = Date.now() / 1000;
  const seen = new Map(before.lines);
  let notices = [];
  try {
    const after = await reconnect(url, canReplay ? { isNumbered: true, after: before.number } : {});
    await after.until(count - before.lines.size);
    for (const [line, time] of after.lines) seen.set(line, time);
    notices = after.notices;
    await after.close();
  } catch {
    // The kernel is unknown to the new server.
  }
  await second.stop();
  return outcomeOf(seen, {
    killedAt,
    answersAt,
    gaps: notices.flatMap(({ lost }) => (lost?.reason === 'serverAway' ? [lost] : [])),
  });
}

async function reconnect(url, options) {
  for (let tries = 0; ; tries++) {
    try {
      return await new LineClient(url, options).opened();
    } catch (error) {
      if (tries >= 20) throw error;
      await delay(50);
    }
  }
}

/** Of lines that are missing nobody knows when they were printed: they are taken to lie evenly between those that came. */
function outcomeOf(seen, { killedAt, answersAt, gaps }) {
  const known = [...seen].toSorted(([a], [b]) => a - b);
  const missing = Array.from({ length: count }, (_, line) => line).filter((line) => !seen.has(line));
  const times = missing.map((line) => {
    const before = known.findLast(([other]) => other < line);
    const after = known.find(([other]) => other > line);
    if (after === undefined) return before[1] + ((line - before[0]) * pauseMs) / 1000;
    return before[1] + ((after[1] - before[1]) * (line - before[0])) / (after[0] - before[0]);
  });
  const isTold = (time) =>
    gaps.some(({ since, until }) => Date.parse(since) / 1000 <= time && time <= Date.parse(until) / 1000);
  return {
    [`lines that a client has, of ${count}`]: seen.size,
    '  printed before the kill and missing': times.filter((time) => time < killedAt).length,
    '  printed after the new server answers and missing': times.filter((time) => time > answersAt).length,
    '  printed while no server answered and missing': times.filter(
      (time) => time >= killedAt && time <= answersAt,
    ).length,
    '  of them not within the gap as told': times.filter((time) => !isTold(time)).length,
    'ms from the kill until the new server answers': (answersAt - killedAt) * 1000,
  };
}
