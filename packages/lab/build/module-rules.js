// How files that are no plain JavaScript come into the bundles: as JupyterLab's packages expect it.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { rspack } from '@rspack/core';
import svgToDataUri from 'mini-svg-data-uri';

const require = createRequire(import.meta.url);

const svgAsDataUri = {
  dataUrl: (source) => svgToDataUri(source.toString()),
};

export const cssLoaders = [rspack.CssExtractRspackPlugin.loader, require.resolve('css-loader')];

export const moduleRules = [
  { test: /(?<!\.raw)\.css$/, use: cssLoaders, type: 'javascript/auto' },
  { test: /\.(raw\.css|txt|md)$/, type: 'asset/source' },
  { test: /\.(jpg|png|gif|cur|woff2?|ttf|eot)(\?v=\d+\.\d+\.\d+)?$/, type: 'asset/resource' },
  { test: /\.js\.map$/, type: 'asset/resource' },
  // Styles have a picture beside them; code gets its source, to put it into the page as an element.
  { test: /\.svg(\?v=\d+\.\d+\.\d+)?$/, issuer: /\.css$/, type: 'asset', generator: svgAsDataUri },
  { test: /\.svg(\?v=\d+\.\d+\.\d+)?$/, issuer: /\.[cm]?[jt]s$/, type: 'asset/source' },
  {
    test: /\.ts$/,
    loader: 'builtin:swc-loader',
    options: { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' } },
    type: 'javascript/auto',
  },
  {
    test: /\.tsx$/,
    loader: 'builtin:swc-loader',
    options: {
      jsc: {
        parser: { syntax: 'typescript', tsx: true },
        transform: { react: { runtime: 'automatic' } },
        target: 'es2022',
      },
    },
    type: 'javascript/auto',
  },
  { test: /\.[cm]?js$/, type: 'javascript/auto', resolve: { fullySpecified: false } },
];

export const moduleResolution = {
  extensions: ['.js', '.json', '.ts', '.tsx'],
  // Our own packages are bundled from their source: nothing has to be built before.
  alias: {
    '@perijove/overview/overview.css': fileURLToPath(
      new URL('../../overview/src/overview.css', import.meta.url),
    ),
    '@perijove/overview$': fileURLToPath(new URL('../../overview/src/index.ts', import.meta.url)),
  },
  fallback: {
    url: false,
    buffer: false,
    crypto: false,
    path: require.resolve('path-browserify'),
    process: require.resolve('process/browser'),
  },
};
