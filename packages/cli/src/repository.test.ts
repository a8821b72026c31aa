// What has to agree in the repository as a whole.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { version } from './version.ts';

interface Package {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const root = fileURLToPath(new URL('../../..', import.meta.url));
const readPackage = (path: string): Package => JSON.parse(readFileSync(join(root, path), 'utf8')) as Package;
const published = readPackage('package.json');
const workspaces = readdirSync(join(root, 'packages')).map((name) =>
  readPackage(`packages/${name}/package.json`),
);

test('[B50] all packages have the version that `perijove --version` prints, and ask for each other in it', () => {
  for (const { name, version: own, dependencies, devDependencies } of [published, ...workspaces]) {
    expect(own, name).toBe(version);
    for (const [dependency, wanted] of Object.entries({ ...dependencies, ...devDependencies })) {
      if (dependency.startsWith('@perijove/')) expect(wanted, `${name} → ${dependency}`).toBe(version);
    }
  }
});

test('[B51] the published package depends on what a workspace does, in its version, and on nothing else', () => {
  for (const [name, wanted] of Object.entries(published.dependencies ?? {})) {
    const versions = workspaces.map(({ dependencies }) => dependencies?.[name]).filter(Boolean);
    expect(versions, name).toEqual([wanted]);
  }
});

/** Every Markdown file of the repository that people read. */
function documents(folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      return /^(node_modules|dist|goldens|\..*)$/.test(entry.name) ? [] : documents(path);
    }
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

test.each(documents())('[B52] links of %s lead somewhere', (path) => {
  const text = readFileSync(join(root, path), 'utf8').replaceAll(/^```[^]*?^```|`[^`\n]*`/gm, '');
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)|\bsrc(?:set)?="([^"]+)"/g)]
    .map(([, link, source]) => (link ?? source ?? '').replace(/#.*$/, ''))
    .filter((target) => target !== '' && !/^[a-z]+:/.test(target));
  expect(targets.filter((target) => !existsSync(join(root, dirname(path), target)))).toEqual([]);
});

test('[B53] every decision is in the list of decisions', () => {
  const folder = join(root, 'docs/decisions');
  const list = readFileSync(join(folder, 'README.md'), 'utf8');
  const pages = readdirSync(folder).filter((name) => /^\d{4}-/.test(name));
  expect(pages.filter((name) => !list.includes(`(${name})`))).toEqual([]);
});
