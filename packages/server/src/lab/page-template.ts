import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { escapeHtml } from '../http/escape-html.ts';
import { isJsonObject, type JsonObject } from '../json-object.ts';

/** What the build of the front end says of itself. */
export interface LabManifest {
  readonly version: string;
  /** Release of JupyterLab. */
  readonly appVersion: string;
}

/** The page of the front end, cut at its placeholders once, so that a request only joins strings. */
export interface LabPage {
  readonly manifest: LabManifest;
  render(config: JsonObject): string;
}

/** Reads `page.html` and `manifest.json` of the built front end. Rejects with a plain sentence if it is not built. */
export async function readLabPage(appDir: string): Promise<LabPage> {
  try {
    const template = await readFile(join(appDir, 'page.html'), 'utf8');
    const manifest: unknown = JSON.parse(await readFile(join(appDir, 'manifest.json'), 'utf8'));
    if (!isJsonObject(manifest)) throw new Error('manifest.json is not an object');
    return labPage(template, {
      version: String(manifest['version']),
      appVersion: String(manifest['appVersion']),
    });
  } catch (error) {
    throw new Error(`The front end is not built: ${(error as Error).message}`, { cause: error });
  }
}

/** What may stand in the page between double braces. */
const placeholders = {
  title: (config: JsonObject) => escapeHtml(String(config['appName'])),
  baseUrl: (config: JsonObject) => escapeHtml(String(config['baseUrl'])),
  staticUrl: (config: JsonObject) => escapeHtml(String(config['fullStaticUrl'])),
  config: (config: JsonObject) => jsonInHtml(config),
  // For those who ask for it; it would be one more request of everybody's first load.
  customHead: (config: JsonObject) =>
    config['customCss'] === true
      ? `<link rel="stylesheet" href="${escapeHtml(String(config['baseUrl']))}custom/custom.css" />`
      : '',
};

export function labPage(template: string, manifest: LabManifest): LabPage {
  const parts: ((config: JsonObject) => string)[] = [];
  let end = 0;
  for (const match of template.matchAll(/\{\{(\w+)\}\}/g)) {
    const text = template.slice(end, match.index);
    const name = match[1] as string;
    if (!Object.hasOwn(placeholders, name))
      throw new Error(`page.html has an unknown placeholder ${match[0]}`);
    parts.push(() => text, placeholders[name as keyof typeof placeholders]);
    end = match.index + match[0].length;
  }
  const rest = template.slice(end);
  parts.push(() => rest);
  return { manifest, render: (config) => parts.map((part) => part(config)).join('') };
}

const escapes: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  "'": '\\u0027',
  // Line ends in JavaScript though not in JSON.
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/** JSON that cannot end the script element it stands in, escaped as Jinja's `tojson` does. */
export function jsonInHtml(value: unknown): string {
  return JSON.stringify(value).replaceAll(/[<>&'\u2028\u2029]/g, (char) => escapes[char] as string);
}
