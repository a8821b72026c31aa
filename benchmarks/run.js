// `npm run bench`: lists the benchmarks; `npm run bench -- NAME …` runs some, `npm run bench -- all` runs all, one after the other.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));
const all = readdirSync(folder)
  .filter((name) => name.endsWith('.js') && name !== 'run.js')
  .map((name) => name.slice(0, -3));
const names = process.argv.slice(2);

if (names.length === 0) {
  console.log(`npm run bench -- NAME …, or all. Names: ${all.join(', ')}.`);
} else {
  for (const name of names[0] === 'all' ? all : names) {
    if (!all.includes(name)) {
      console.error(`There is no benchmark ${name}. Names: ${all.join(', ')}.`);
      process.exit(2);
    }
    const { status } = spawnSync(process.execPath, [`${folder}${name}.js`], { stdio: 'inherit' });
    if (status !== 0) process.exitCode = status ?? 1;
  }
}
