// third-party-licenses.json: every package of which something was bundled, in the form that JupyterLab's
// "Licenses" panel reads.
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';

/** `resources` are the files that went into the bundles. */
export async function collectLicenses(resources) {
  const folders = new Set(resources.flatMap((path) => packageFolderOf(path) ?? []));
  const packages = await Promise.all([...folders].map(describe));
  return {
    packages: packages.toSorted(
      (a, b) => a.name.localeCompare(b.name) || a.versionInfo.localeCompare(b.versionInfo),
    ),
  };
}

/** `…/node_modules/@scope/name` of a file in it; undefined for a file of our own. */
export function packageFolderOf(path) {
  const parts = path?.split(sep) ?? [];
  const at = parts.lastIndexOf('node_modules');
  if (at < 0) return undefined;
  return parts.slice(0, at + (parts[at + 1].startsWith('@') ? 3 : 2)).join(sep);
}

async function describe(folder) {
  const data = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const files = existsSync(folder) ? await readdir(folder) : [];
  const texts = files
    .filter((name) => /^(licen[cs]e|copying|notice)/i.test(name) && !/\.(js|ts|json)$/.test(name))
    .toSorted();
  const contents = await Promise.all(
    texts.map((name) => readFile(join(folder, name), 'utf8').catch(() => '')),
  );
  return {
    name: data.name,
    versionInfo: data.version,
    licenseId:
      typeof data.license === 'string'
        ? data.license
        : (data.license?.type ?? data.licenses?.[0]?.type ?? ''),
    extractedText: contents.join('\n\n').trim(),
  };
}
