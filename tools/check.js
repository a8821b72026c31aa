// `npm run check`: format, types, lint, unused code, unit and net tests, in under two minutes once the front end is built (which
// the first time takes a minute more, and then a moment). Some of the net tests start the bundled program with its front end.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const steps = [
  ['Format', 'oxfmt', '--check', 'packages', 'tools', 'bin', 'benchmarks'],
  ['Types', 'tsc', '-b'],
  ['Bundle', 'node', 'tools/bundle.js'],
  ['Front end', 'node', 'packages/lab/build.js'],
  ['Lint', 'oxlint', '--type-aware'],
  ['Unused', 'knip'],
  [
    'Tests',
    'vitest',
    'run',
    '--project',
    'unit',
    '--project',
    'net',
    '--reporter=default',
    '--silent=passed-only',
  ],
];

for (const [title, command, ...args] of steps) {
  const started = Date.now();
  const [program, first] = command === 'node' ? [process.execPath, []] : ['npx', ['--no-install', command]];
  const { status } = spawnSync(program, [...first, ...args], { cwd: root, stdio: 'inherit' });
  console.log(
    `${title}: ${status === 0 ? 'ok' : 'failed'} (${((Date.now() - started) / 1000).toFixed(1)} s)`,
  );
  if (status !== 0) process.exit(status ?? 1);
}
