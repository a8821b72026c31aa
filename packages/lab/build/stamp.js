// Says whether a build would give what is there already: a hash over everything that goes in.
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { extensionPackages, labFolder, readPackage } from './extensions.js';

const sources = [
  'build.js',
  'build',
  'app',
  'src',
  'schema',
  'static-assets',
  'package.json',
  'page.html',
  'overview.html',
  '../overview/src',
];

/** The packages count by what is installed, so that an upgrade builds anew and a mere `npm install` does not. */
export async function inputsHash() {
  const hash = createHash('sha256');
  for (const source of sources) {
    for (const path of await filesUnder(join(labFolder, source))) {
      if (path.endsWith('.test.ts')) continue;
      hash.update(path.slice(labFolder.length)).update(await readFile(path));
    }
  }
  const pinned = Object.keys(readPackage('@perijove/lab').devDependencies);
  for (const name of new Set([...pinned, ...extensionPackages])) {
    hash.update(`${name}@${readPackage(name).version}`);
  }
  return hash.digest('hex');
}

async function filesUnder(path) {
  try {
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
      .toSorted();
  } catch (error) {
    if (error.code === 'ENOTDIR') return [path];
    throw error;
  }
}
