// Builds JupyterLab as Perijove's front end into dist/: `node packages/lab/build.js [--force]`.
// Nothing is done when nothing changed.
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle, bundleOverview } from './build/bundle.js';
import { compressAll } from './build/compress.js';
import { buildThemes, copySchemas } from './build/extension-assets.js';
import { labFolder, readPackage } from './build/extensions.js';
import { collectLicenses } from './build/licenses.js';
import { withAssets, withOwnAssets } from './build/page.js';
import { inputsHash } from './build/stamp.js';

const { values: flags } = parseArgs({
  options: { force: { type: 'boolean', default: false } },
});
const dist = join(labFolder, 'dist');
const staticFolder = join(dist, 'static');
const { version } = readPackage('@perijove/lab');
const appVersion = readPackage('@jupyterlab/application').version;
const stampFile = join(dist, '.stamp');

const stamp = await inputsHash();
if (!flags.force && (await readFile(stampFile, 'utf8').catch(() => '')) === stamp) {
  say('front end: up to date');
} else {
  await build();
}

async function build() {
  const begun = Date.now();
  say(`front end: JupyterLab ${appVersion} and its extensions (about a minute the first time)`);
  await rm(stampFile, { force: true });
  await mkdir(dist, { recursive: true });

  const { scripts, styles, resources } = await step('bundling scripts and styles', () =>
    bundle({ output: staticFolder, generated: join(dist, '.generated') }),
  );
  const overview = await step('bundling the overview', () => bundleOverview({ output: staticFolder }));
  await step('collecting settings schemas', () => copySchemas(join(dist, 'schemas')));
  await step('building themes', () => buildThemes(join(dist, 'themes')));
  await step('collecting licences', async () =>
    writeFile(
      join(dist, 'third-party-licenses.json'),
      JSON.stringify(await collectLicenses(resources), null, 2),
    ),
  );
  await cp(join(labFolder, 'static-assets/favicons'), join(staticFolder, 'favicons'), { recursive: true });
  const template = await readFile(join(labFolder, 'page.html'), 'utf8');
  await writeFile(join(dist, 'page.html'), withAssets(template, { scripts, styles }));
  const overviewTemplate = await readFile(join(labFolder, 'overview.html'), 'utf8');
  await writeFile(join(dist, 'overview.html'), withOwnAssets(overviewTemplate, overview));
  await writeFile(
    join(dist, 'manifest.json'),
    `${JSON.stringify({ version, appVersion, scripts, styles }, null, 2)}\n`,
  );
  const { files, bytes, brotli } = await step('compressing', () => compressAll(staticFolder));
  await writeFile(stampFile, stamp);
  say(
    `front end: done in ${seconds(begun)}; ${files} text files, ${megabytes(bytes)}, ${megabytes(brotli)} compressed`,
  );
}

async function step(what, work) {
  const begun = Date.now();
  const result = await work();
  say(`front end: ${what}: ${seconds(begun)}`);
  return result;
}

function seconds(since) {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function say(line) {
  process.stdout.write(`${line}\n`);
}
