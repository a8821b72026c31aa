// What the server hands out beside the page: every extension's settings schemas, and the themes' styles.
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { rspack } from '@rspack/core';
import { run } from './bundle.js';
import { extensionPackages, packageFolder, readPackage } from './extensions.js';
import { cssLoaders, moduleRules } from './module-rules.js';

/** Copies schemas to `<output>/<package>/<plugin>.json`, with the package.json that has their version. */
export async function copySchemas(output) {
  await rm(output, { recursive: true, force: true });
  let count = 0;
  for (const name of extensionPackages) {
    const { schemaDir } = readPackage(name).jupyterlab ?? {};
    if (!schemaDir) continue;
    const folder = join(output, name);
    await mkdir(folder, { recursive: true });
    const files = await readdir(join(packageFolder(name), schemaDir));
    await Promise.all(
      files.map((file) => cp(join(packageFolder(name), schemaDir, file), join(folder, file))),
    );
    await cp(join(packageFolder(name), 'package.json'), join(folder, 'package.json.orig'));
    count += files.length;
  }
  return count;
}

/** Builds `<output>/<package>/index.css` for every extension that is a theme. */
export async function buildThemes(output) {
  await rm(output, { recursive: true, force: true });
  const themes = extensionPackages.filter((name) => readPackage(name).jupyterlab?.themePath);
  await run(themes.map((name) => theme(name, join(output, name))));
  // Each theme's script only existed to pull in its styles.
  await Promise.all(themes.map((name) => rm(join(output, name, 'index.js'), { force: true })));
  for (const name of themes) {
    if (!existsSync(join(output, name, 'index.css'))) throw new Error(`theme ${name} has no styles`);
  }
  return themes.length;
}

function theme(name, path) {
  return {
    name: `theme ${name}`,
    mode: 'production',
    devtool: false,
    entry: { index: join(packageFolder(name), readPackage(name).jupyterlab.themePath) },
    output: { path, filename: '[name].js', publicPath: '', hashFunction: 'xxhash64' },
    module: {
      rules: [
        { test: /\.css$/, use: cssLoaders, type: 'javascript/auto' },
        ...moduleRules.filter(
          (rule) => !String(rule.test).includes('css') && !String(rule.test).includes('svg'),
        ),
        {
          ...moduleRules.find((rule) => String(rule.issuer).includes('css')),
          type: 'asset/inline',
          issuer: undefined,
        },
      ],
    },
    plugins: [new rspack.CssExtractRspackPlugin({ filename: '[name].css' })],
  };
}
