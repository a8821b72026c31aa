// `npm test`: sets up what the tests need where it may, says which suite cannot run and what would let it, runs all the
// others, and ends with `N passed, N failed` alone on a line. With CI=true a suite that did not run is a failure.
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepare } from './prepare.js';

const root = fileURLToPath(new URL('..', import.meta.url));
await prepare(root);
const { setUpTests } = await import('./test-setup.js');
const { bringUpCluster } = await import('./test-cluster.js');
const { suites, env: variables } = await setUpTests();
// After the packages of Debian and Python, of which there can be only one installation at a time.
const clusterComing = bringUpCluster();

const runnable = suites.filter((suite) => suite.ready);
const missing = suites.filter((suite) => !suite.ready);
const totals = { passed: 0, failed: 0, skipped: 0 };
const started = Date.now();

for (const suite of runnable) await runSuite(suite, variables);
const cluster = await clusterComing;
if (cluster.ready) await runSuite({ name: 'cluster' }, { ...variables, ...cluster.env });
else missing.push({ name: 'cluster', why: cluster.why });
await cluster.down();

async function runSuite(suite, env) {
  const report = join(root, 'dist', `test-${suite.name}.json`);
  rmSync(report, { force: true });
  const began = Date.now();
  console.log(`\nSuite ${suite.name} …`);
  const code = await run(
    process.execPath,
    [
      join('node_modules', 'vitest', 'vitest.mjs'),
      'run',
      '--project',
      suite.name,
      '--reporter=default',
      '--silent=passed-only',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    env,
  );
  const counted = count(report);
  for (const key of Object.keys(totals)) totals[key] += counted[key];
  // A runner that fails without a failed test (a crash, an unhandled rejection, no test at all) is one failure.
  if (counted.failed === 0 && (code !== 0 || counted.passed === 0)) totals.failed += 1;
  console.log(
    `Suite ${suite.name}: ${counted.passed} passed, ${counted.failed} failed, ${counted.skipped} skipped (${Math.round((Date.now() - began) / 1000)} s)`,
  );
}

for (const suite of missing) console.log(`Suite ${suite.name} did not run: ${suite.why}`);
if (process.env.CI) totals.failed += missing.length;
if (process.env.CI && totals.skipped > 0) {
  console.log(`${totals.skipped} tests were skipped, which CI does not allow.`);
  totals.failed += 1;
}
console.log(`\nAll suites took ${Math.round((Date.now() - started) / 1000)} s.`);
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exit(totals.failed === 0 ? 0 : 1);

function run(command, args, env) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, NO_COLOR: '1', ...env },
    });
    child.on('error', () => resolve(-1));
    child.on('close', resolve);
  });
}

function count(report) {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(
      readFileSync(report, 'utf8'),
    );
    return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests + numTodoTests };
  } catch {
    return { passed: 0, failed: 0, skipped: 0 }; // the runner did not get as far as a report: counted as a failure above
  }
}
