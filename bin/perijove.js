#!/usr/bin/env node
// Starts `perijove`. In a clone it first installs and builds what is missing or stale; in the installed package
// all of that is there already. Plain JavaScript with no dependencies, since in a fresh clone nothing else can run.
import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

const major = Number(process.versions.node.split('.')[0]);
if (major < 20) {
  console.error(
    `Perijove needs Node 20 or newer; this is Node ${process.versions.node}. Install a newer Node from https://nodejs.org.`,
  );
  process.exit(1);
}

const root = fileURLToPath(new URL('..', import.meta.url));
const bundle = fileURLToPath(new URL('../dist/perijove.js', import.meta.url));

if (existsSync(new URL('../packages/cli/src', import.meta.url))) {
  const { prepare } = await import('../tools/prepare.js');
  await prepare(root);
}

await import(pathToFileURL(bundle).href);
