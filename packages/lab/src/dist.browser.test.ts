// What the build left in dist/. Among the browser tests, since these are what runs after a build.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { extensionPackages, labFolder, readPackage } from '../build/extensions.js';

const dist = join(labFolder, 'dist');
const read = (path: string): string => readFileSync(join(dist, path), 'utf8');

test('[L11] the page names every script and style by hash; each exists, and compressed', () => {
  const { scripts, styles }: { scripts: string[]; styles: string[] } = JSON.parse(read('manifest.json'));
  const named = [...read('page.html').matchAll(/\{\{staticUrl\}\}\/([^"]+)/g)].map((match) => match[1]);
  expect(named).toEqual([...styles, ...scripts]);
  for (const name of [...scripts, ...styles]) {
    expect(name).toMatch(/\.[0-9a-f]{16}\.(js|css)$/);
    const plain = readFileSync(join(dist, 'static', name));
    expect(brotliDecompressSync(readFileSync(join(dist, 'static', `${name}.br`))).equals(plain)).toBe(true);
    expect(gunzipSync(readFileSync(join(dist, 'static', `${name}.gz`))).equals(plain)).toBe(true);
  }
});

test('[L12] every extension that has schemas or a theme has them in dist, with its version', () => {
  for (const name of extensionPackages) {
    const { version, jupyterlab } = readPackage(name);
    if (jupyterlab?.schemaDir) {
      expect(JSON.parse(read(`schemas/${name}/package.json.orig`)).version, name).toBe(version);
    }
    if (jupyterlab?.themePath) expect(existsSync(join(dist, 'themes', name, 'index.css')), name).toBe(true);
  }
});

test('[L13] licences: everything that was bundled, each with one', () => {
  const { packages }: { packages: { name: string; licenseId: string; extractedText: string }[] } = JSON.parse(
    read('third-party-licenses.json'),
  );
  expect(packages.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['@jupyterlab/application', '@lumino/widgets', 'react', 'yjs', 'mermaid', 'vega']),
  );
  // A few name no licence in package.json and only have its text.
  const without = packages.filter(({ licenseId, extractedText }) => !licenseId && !extractedText);
  expect(without.map(({ name }) => name)).toEqual([]);
});
