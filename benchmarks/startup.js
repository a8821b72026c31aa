// From the start of the process until `/api` and until `/lab` are answered by 200: ours as built and as a clone starts it, and the
// peers; the bare interpreters are the baseline. Every server has started once before (second start).
// Needs `npm run build`. Usage: node benchmarks/startup.js [rounds]
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { median } from './roles/bench.js';
import { installedServers, kinds } from './servers/kinds.js';
import { compare, Results, sayConditions, sayLoadAfter } from './servers/report.js';
import { makeFolders, removeFolders, spawnServer } from './servers/start-server.js';

const rounds = Number(process.argv[2] ?? 7);
const names = [...installedServers(), 'perijove of a clone'];
const results = new Results();
const folders = makeFolders();
// A clone installs and builds what is stale; the second start does not.
spawnSync(process.execPath, [fileURLToPath(new URL('../bin/perijove.js', import.meta.url)), '--version'], {
  stdio: 'ignore',
});
sayConditions(names);
try {
  for (let round = -1; round < rounds; round++) {
    for (const name of names) {
      for (const path of [kinds[name].api, 'lab']) {
        const server = await spawnServer(name, folders);
        const ms = await server.answers(path);
        await server.stop('SIGKILL');
        if (round >= 0) results.note(name, path === 'lab' ? '/lab' : '/api', ms);
      }
    }
    const bare = await timeOf(process.execPath, ['-e', '0']);
    if (round >= 0) results.note('bare node', 'interpreter', bare);
  }
  const bare = results.of('interpreter', median);
  for (const what of ['/api', '/lab'])
    compare(
      `process start to ${what} 200`,
      'ms',
      { ...results.of(what, median), ...bare },
      { goal: '≤ 500', digits: 0 },
    );
  sayLoadAfter();
} finally {
  await removeFolders(folders);
}

async function timeOf(program, args) {
  const began = performance.now();
  await once(spawn(program, args, { stdio: 'ignore' }), 'exit');
  return performance.now() - began;
}
