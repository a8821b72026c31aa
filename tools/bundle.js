// Bundles what `tsc -b` emitted into dist/: one file for the server, one for its workers. One file starts in a
// fraction of the time of some thousand, and the published package needs no workspace packages from a registry.
import { build } from 'esbuild';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = join(root, 'dist');
const entries = {
  perijove: join(root, 'packages/cli/dist/main.js'),
  'contents-worker': join(root, 'packages/server/dist/contents/worker.js'),
};

mkdirSync(out, { recursive: true });
for (const name of readdirSync(out)) if (name.startsWith('chunk-')) rmSync(join(out, name));
/**
 * Our own modules that load a CommonJS dependency when first needed say `const require = createRequire(import.meta.url)`. Without
 * that line the bundler sees the dependency: it is bundled, and still runs only when required.
 */
const lazyRequires = {
  name: 'lazy-requires',
  setup(builder) {
    builder.onLoad({ filter: /packages\/[a-z]+\/dist\/.*\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      if (!source.includes('createRequire(import.meta.url)')) return undefined;
      return {
        contents: source.replace(/^const require = createRequire\(import\.meta\.url\);$/m, ''),
        loader: 'js',
      };
    });
  },
};

await build({
  entryPoints: Object.fromEntries(Object.entries(entries).filter(([, path]) => existsSync(path))),
  outdir: out,
  bundle: true,
  splitting: true,
  // Beside the entries, so that what a module finds relative to itself is the same in every chunk.
  chunkNames: 'chunk-[name]-[hash]',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // Binary parts stay packages of their own: they are what the published package depends on.
  external: ['@lydell/node-pty'],
  banner: {
    // CommonJS dependencies ask for Node's own modules by require.
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  plugins: [lazyRequires],
  // Half the bytes to read and parse at every start; names stay, so that stacks can be read.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'linked',
  logLevel: 'warning',
  metafile: false,
});
