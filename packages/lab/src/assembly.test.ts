import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { extensionPackages, extensions, mimeExtensions, readPackage, upstream } from '../build/extensions.js';
import { packageFolderOf } from '../build/licenses.js';
import { withAssets } from '../build/page.js';
import { applyPatches, patches } from '../build/patches.js';
import { sharedModules } from '../build/sharing.js';

interface Manifest {
  name: string;
  version: string;
  dependencies?: Record<string, string>;
  jupyterlab?: { extension?: unknown; mimeExtension?: unknown };
}

const read = (name: string): Manifest => readPackage(name) as Manifest;
const root = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  overrides: Record<string, string>;
};
const lab = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  devDependencies: Record<string, string>;
};
const stockShared = sharedModules(
  upstream,
  extensionPackages.filter((name) => name !== '@perijove/lab').map(read),
  (name: string) => read(name).version,
) as Record<string, { requiredVersion: string; singleton?: boolean }>;

test('[L1] all 47 stock extensions and 5 mime extensions are compiled in', () => {
  expect(Object.keys(upstream.extensions)).toHaveLength(47);
  expect(Object.keys(upstream.mimeExtensions)).toHaveLength(5);
  expect(extensions).toMatchObject(upstream.extensions);
  expect(mimeExtensions).toEqual(upstream.mimeExtensions);
  expect(Object.keys(extensions)).toEqual(
    expect.arrayContaining(['@jupyter-widgets/jupyterlab-manager', '@perijove/lab']),
  );
});

test('[L1] every one of them says of itself that it is one', () => {
  for (const name of Object.keys(extensions)) expect(read(name).jupyterlab?.extension, name).toBeTruthy();
  for (const name of Object.keys(mimeExtensions)) {
    expect(read(name).jupyterlab?.mimeExtension, name).toBeTruthy();
  }
});

test('[L2] what JupyterLab shares is shared, its singletons as singletons', () => {
  expect(Object.keys(stockShared)).toEqual(expect.arrayContaining(upstream.shared));
  const singletons = Object.keys(stockShared).filter((name) => stockShared[name]?.singleton);
  expect(singletons.toSorted()).toEqual(upstream.singletons.toSorted());
});

test('[L2] what extensions depend on is shared too, with their own say in it', () => {
  const shared = sharedModules(
    { shared: ['@lumino/widgets'], singletons: ['@lumino/widgets'] },
    [
      {
        name: 'one',
        version: '1.0.0',
        dependencies: { '@lumino/widgets': '^1', left: '^2', secret: '^3' },
        jupyterlab: { sharedPackages: { left: { bundled: false, singleton: true }, secret: false } },
      },
      { name: 'two', version: '2.0.0', dependencies: { left: '^2' } },
    ],
    () => '2.8.0',
  );
  expect(shared).toEqual({
    '@lumino/widgets': { requiredVersion: '^2.8.0', singleton: true },
    one: { requiredVersion: '1.0.0' },
    two: { requiredVersion: '2.0.0' },
    // `one` has it not bundled, so `two` brings it.
    left: { requiredVersion: '^2' },
  });
});

test('[L3] a shared stock package is asked for in the version that is installed', () => {
  for (const name of upstream.shared) {
    expect(stockShared[name]?.requiredVersion.slice(1), name).toBe(read(name).version);
  }
});

test('[L4] every front-end package is pinned, twice, and installed in that version', () => {
  for (const [name, version] of Object.entries(lab.devDependencies)) {
    if (name.startsWith('@perijove/')) continue;
    expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
    expect(read(name).version, name).toBe(version);
    if (/^(@jupyter|@lumino|@codemirror|@lezer|@microsoft|react|yjs)/.test(name)) {
      expect(root.overrides[name], `override of ${name}`).toBe(version);
    }
  }
  expect(lab.devDependencies['@microsoft/fast-foundation']).toBe('2.49.4');
  expect(Object.keys(lab.devDependencies)).toEqual(expect.arrayContaining(upstream.shared));
});

test('[L10] a patch fits once, or the build fails', () => {
  const path = '/x/node_modules/@jupyterlab/apputils-extension/lib/index.js';
  const { find, replace } = patches[0]!;
  expect(applyPatches(path, `a;${find}b;`)).toBe(`a;${replace}b;`);
  expect(() => applyPatches(path, 'something else')).toThrow('fits 0 times');
  expect(() => applyPatches(path, find + find)).toThrow('fits 2 times');
  expect(applyPatches('/x/other.js', 'something else')).toBe('something else');
});

test('[L11] the page gets its scripts in order, and styles that do not hold up the splash', () => {
  expect(
    withAssets('<head>{{assets}}</head>', { scripts: ['a.1.js', 'b.2.js'], styles: ['c.3.css'] }),
  ).toMatch(
    /<link rel="stylesheet" media="print".*c\.3\.css.*<script defer .*src="\{\{staticUrl\}\}\/a\.1\.js"><\/script>\s*<script defer .*b\.2\.js/s,
  );
});

test('[L13] a file belongs to the innermost package', () => {
  expect(packageFolderOf('/a/node_modules/@s/x/node_modules/y/lib/i.js')).toBe(
    '/a/node_modules/@s/x/node_modules/y',
  );
  expect(packageFolderOf('/a/node_modules/@s/x/i.js')).toBe('/a/node_modules/@s/x');
  expect(packageFolderOf('/a/src/i.js')).toBeUndefined();
  expect(packageFolderOf(undefined)).toBeUndefined();
});
