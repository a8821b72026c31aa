// The page's scripts, styles and fonts: one rspack build into dist/static.
import { createRequire } from 'node:module';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rspack } from '@rspack/core';
import {
  extensionPackages,
  labFolder,
  readPackage,
  upstream,
  writeExtensionTable,
  writeStyleImports,
} from './extensions.js';
import { moduleRules, moduleResolution } from './module-rules.js';
import { patchRules } from './patches.js';
import { sharedModules } from './sharing.js';
import { StartupModules } from './startup-modules.js';

const require = createRequire(import.meta.url);

/** Builds; gives the files that the page loads, and the source files that went in. */
export async function bundle({ output, generated }) {
  await mkdir(generated, { recursive: true });
  await writeFile(join(generated, 'extensions.js'), writeExtensionTable());
  await writeFile(join(generated, 'styles.js'), writeStyleImports());

  const startup = new StartupModules(join(labFolder, 'app/start.js'));
  const stats = await run(configuration({ output, generated, startup }));
  const { entrypoints, chunks, modules } = stats.toJson({
    all: false,
    entrypoints: true,
    chunks: true,
    ids: true,
    modules: true,
    nestedModules: true,
    modulesSpace: Infinity,
    nestedModulesSpace: Infinity,
  });
  // A chunk registers itself when its file is run, so a script element is as good as a dynamic import of it.
  const lab = chunks.filter((chunk) => chunk.names.includes('lab')).flatMap((chunk) => chunk.files);
  const files = [...lab, ...entrypoints.main.assets.map((asset) => asset.name)];
  return {
    scripts: files.filter((name) => name.endsWith('.js')),
    styles: files.filter((name) => name.endsWith('.css')),
    resources: modules
      .flatMap((module) => [module, ...(module.modules ?? [])])
      .map((module) => module.nameForCondition),
  };
}

/** Builds the page of the overview, which is small and shares nothing with JupyterLab's; into the same folder, afterwards. */
export async function bundleOverview({ output }) {
  const stats = await run({
    name: 'overview',
    mode: 'production',
    devtool: false,
    context: labFolder,
    target: ['web', 'es2022'],
    entry: { overview: fileURLToPath(new URL('../../overview/src/page.tsx', import.meta.url)) },
    output: {
      path: output,
      filename: '[name].[contenthash].js',
      cssFilename: '[name].[contenthash].css',
      hashFunction: 'xxhash64',
    },
    resolve: moduleResolution,
    module: { rules: moduleRules },
    performance: { hints: false },
    plugins: [new rspack.CssExtractRspackPlugin({ filename: '[name].[contenthash].css' })],
  });
  const { entrypoints } = stats.toJson({ all: false, entrypoints: true });
  const files = entrypoints.overview.assets.map(({ name }) => name);
  return {
    scripts: files.filter((name) => name.endsWith('.js')),
    styles: files.filter((name) => name.endsWith('.css')),
  };
}

function configuration({ output, generated, startup }) {
  const shared = sharedModules(
    upstream,
    extensionPackages.filter((name) => name !== '@perijove/lab').map(readPackage),
    (name) => readPackage(name).version,
  );
  return {
    name: 'page',
    mode: 'production',
    devtool: false,
    context: labFolder,
    target: ['web', 'es2022'],
    entry: { main: join(labFolder, 'app/bootstrap.js') },
    output: {
      path: output,
      // Set by bootstrap.js: where the page is served is known only there.
      publicPath: 'auto',
      filename: '[name].[contenthash].js',
      chunkFilename: '[name].[contenthash].js',
      cssFilename: '[name].[contenthash].css',
      assetModuleFilename: '[name].[contenthash][ext]',
      hashFunction: 'xxhash64',
      clean: true,
    },
    externals: { ws: 'undefined' },
    resolve: {
      ...moduleResolution,
      alias: {
        ...moduleResolution.alias,
        'perijove-extensions': join(generated, 'extensions.js'),
        'perijove-styles': join(generated, 'styles.js'),
      },
    },
    module: { rules: [...moduleRules, ...patchRules] },
    optimization: {
      chunkIds: 'deterministic',
      moduleIds: 'deterministic',
      splitChunks: {
        chunks: 'all',
        cacheGroups: {
          startup: {
            name: 'lab',
            test: (module) => startup.hasCode(module),
            chunks: 'async',
            enforce: true,
            priority: 50,
          },
        },
      },
    },
    performance: { hints: false },
    plugins: [
      startup,
      new rspack.CssExtractRspackPlugin({
        filename: '[name].[contenthash].css',
        chunkFilename: '[name].[contenthash].css',
        ignoreOrder: true,
      }),
      new rspack.DefinePlugin({
        PERIJOVE_VERSION: JSON.stringify(readPackage('@perijove/lab').version),
        PERIJOVE_JUPYTERLAB_VERSION: JSON.stringify(readPackage('@jupyterlab/application').version),
      }),
      new rspack.ProvidePlugin({ process: require.resolve('process/browser') }),
      new rspack.container.ModuleFederationPlugin({
        name: 'CORE_FEDERATION',
        library: { type: 'var', name: ['_JUPYTERLAB', 'CORE_LIBRARY_FEDERATION'] },
        shared,
      }),
    ],
  };
}

/** Runs one or several rspack configurations; rejects with their errors in words. */
export async function run(config) {
  const compiler = rspack(config);
  try {
    return await new Promise((resolve, reject) => {
      compiler.run((failure, stats) => {
        if (failure) return reject(failure);
        if (stats.hasErrors())
          return reject(new Error(stats.toString({ all: false, errors: true, colors: false })));
        resolve(stats);
      });
    });
  } finally {
    await new Promise((resolve) => compiler.close(resolve));
  }
}
