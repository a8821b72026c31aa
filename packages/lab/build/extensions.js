// Which extensions are compiled in: JupyterLab's own, ipywidgets' manager, and Perijove's.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);

export const labFolder = dirname(dirname(fileURLToPath(import.meta.url)));

/** What JupyterLab's own application compiles in and shares; its release publishes it as a package. */
const core = JSON.parse(
  readFileSync(join(packageFolder('@jupyterlab/core-meta'), 'core.package.json'), 'utf8'),
);

export const upstream = {
  extensions: core.jupyterlab.extensions,
  mimeExtensions: core.jupyterlab.mimeExtensions,
  singletons: core.jupyterlab.singletonPackages,
  /** Less what is no code: the metapackage, and styles for nbconvert. */
  shared: Object.keys(core.resolutions).filter((name) => !/\/(metapackage|nbconvert-css)$/.test(name)),
};

/** Package name → module inside it ('' is its main module). */
export const extensions = {
  ...upstream.extensions,
  '@jupyter-widgets/jupyterlab-manager': '',
  '@perijove/lab': 'src/index.ts',
};

export const mimeExtensions = upstream.mimeExtensions;

export const extensionPackages = [...new Set([...Object.keys(extensions), ...Object.keys(mimeExtensions)])];

/** Searched by hand: `require.resolve` refuses a package.json that is missing in the package's own `exports`. */
export function packageFolder(name) {
  if (name === '@perijove/lab') return labFolder;
  const folder = require.resolve
    .paths(`${name}/package.json`)
    .map((modules) => join(modules, name))
    .find((path) => existsSync(join(path, 'package.json')));
  if (!folder) throw new Error(`${name} is not installed; npm install would`);
  return folder;
}

export function readPackage(name) {
  return JSON.parse(readFileSync(join(packageFolder(name), 'package.json'), 'utf8'));
}

/**
 * The module that start.js imports. `require`, not `import`: an extension is evaluated only if no prebuilt one
 * takes its place, and one that throws does not take the others with it.
 */
export function writeExtensionTable() {
  const row = ([name, path]) => {
    const request = name === '@perijove/lab' ? join(labFolder, path) : path ? `${name}/${path}` : name;
    return `  ${JSON.stringify(name)}: () => require(${JSON.stringify(request)}),`;
  };
  const table = (title, list) =>
    `export const ${title} = {\n${Object.entries(list).map(row).join('\n')}\n};\n`;
  return `${table('extensions', extensions)}\n${table('mimeExtensions', mimeExtensions)}`;
}

/** The styles of all compiled-in extensions, in the order JupyterLab's own build has them: by name. */
export function writeStyleImports() {
  const imports = extensionPackages
    .map((name) => ({ name, data: readPackage(name) }))
    .map(({ name, data }) => ({ name, style: data.styleModule ?? data.style }))
    .filter(({ name, style }) => typeof style === 'string' && name !== '@perijove/lab')
    .map(({ name, style }) => `${name}/${style}`)
    .toSorted((a, b) => a.localeCompare(b));
  return [
    ...imports,
    join(labFolder, 'src/branding/branding.css'),
    join(labFolder, 'src/kernel-start/kernel-start.css'),
  ]
    .map((path) => `import ${JSON.stringify(path)};\n`)
    .join('');
}
