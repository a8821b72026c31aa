import { join } from 'node:path';
import { Type } from 'typebox';
import type { RoutePlugin } from '../http/route-plugin.ts';
import { ServerError } from '../errors.ts';
import type { FederatedExtensions } from './federated-extensions.ts';
import { isJsonObject } from '../json-object.ts';
import type { JsonFiles } from './json-files.ts';
import type { Warnings } from './warnings.ts';

interface LicensedPackage {
  readonly name?: string;
  readonly versionInfo?: string;
  readonly licenseId?: string;
  readonly extractedText?: string;
}

type Bundles = Record<string, { packages: LicensedPackage[] }>;

export interface LicenseDeps {
  readonly files: JsonFiles;
  readonly federated: FederatedExtensions;
  readonly appDir: string;
  readonly warnings: Warnings;
}

const query = Type.Object({
  format: Type.Optional(Type.Union([Type.Literal('json'), Type.Literal('csv'), Type.Literal('markdown')])),
  bundles: Type.Optional(Type.String({ maxLength: 200 })),
  full_text: Type.Optional(Type.String()),
  download: Type.Optional(Type.String()),
});

const appBundle = '@perijove/lab';

/** What the front end is made of, and under which licences: JupyterLab's "Licenses" panel. */
export function licenseRoutes(deps: LicenseDeps): RoutePlugin {
  return async (app) => {
    for (const url of ['/lab/api/licenses', '/lab/api/licenses/']) {
      app.get(
        url,
        { config: { access: { kind: 'api', resource: 'api' } }, schema: { querystring: query } },
        async (request, reply) => {
          const { format = 'json', bundles: pattern = '.*', full_text: fullText, download } = request.query;
          const report = reportAs(
            format,
            await collect(deps, pattern),
            fullText !== 'false' && fullText !== '0',
          );
          if (download !== undefined && download !== '0' && download !== 'false') {
            void reply.header(
              'content-disposition',
              `attachment; filename="perijove-licenses${report.suffix}"`,
            );
          }
          return reply.type(report.type).send(report.text);
        },
      );
    }
  };
}

async function collect(
  { files, federated, appDir, warnings }: LicenseDeps,
  pattern: string,
): Promise<Bundles> {
  const matches = matcher(pattern);
  const { extensions } = await federated.list();
  const folders = [
    ...extensions.map(({ name, folder }) => ({ name, folder })),
    { name: appBundle, folder: appDir },
  ];
  const bundles: Bundles = {};
  for (const { name, folder } of folders.filter((each) => matches(each.name))) {
    const packages: LicensedPackage[] = [];
    for (const path of ['third-party-licenses.json', join('static', 'third-party-licenses.json')]) {
      const file = await files.read(join(folder, path));
      if (file === undefined) continue;
      if ('problem' in file) warnings.warn([`licences of ${name} are left out: ${file.problem}`]);
      else if (isJsonObject(file.value) && Array.isArray(file.value['packages'])) {
        packages.push(...(file.value['packages'] as LicensedPackage[]));
      }
    }
    bundles[name] = { packages };
  }
  return bundles;
}

/**
 * The front end sends the names of bundles, or nothing. Those with special characters mean themselves, and `.*` means any:
 * a regular expression of a client's own could keep this process busy for ever.
 */
function matcher(pattern: string): (name: string) => boolean {
  if (!/^[\w@/.*|()^$\\-]*$/.test(pattern) || /[)*]\s*[*]/.test(pattern)) {
    throw new ServerError('BAD_REQUEST', `'${pattern}' is not a pattern of bundles' names`);
  }
  const alternatives = pattern.replaceAll(/[()^$]/g, '').split('|');
  return (name) =>
    alternatives.some((alternative) => {
      const literal = alternative.replaceAll(/\\(.)/g, '$1');
      if (!literal.includes('.*')) return name.startsWith(literal);
      const parts = literal.split('.*');
      if (!name.startsWith(parts[0] ?? '')) return false;
      let at = 0;
      return parts.every((part) => {
        const found = name.indexOf(part, at);
        at = found + part.length;
        return found >= 0;
      });
    });
}

function reportAs(format: 'json' | 'csv' | 'markdown', bundles: Bundles, fullText: boolean) {
  switch (format) {
    case 'json':
      return {
        type: 'application/json; charset=utf-8',
        suffix: '.json',
        text: JSON.stringify({ bundles }, null, 2),
      };
    case 'csv':
      return { type: 'text/csv; charset=utf-8', suffix: '.csv', text: asCsv(bundles) };
    case 'markdown':
      return { type: 'text/markdown; charset=utf-8', suffix: '.md', text: asMarkdown(bundles, fullText) };
  }
}

const fields = ['name', 'versionInfo', 'licenseId', 'extractedText'] as const;

function asCsv(bundles: Bundles): string {
  const rows = Object.entries(bundles).flatMap(([bundle, { packages }]) =>
    packages.map((one) => [bundle, ...fields.map((field) => one[field] ?? '')]),
  );
  return [['bundle', ...fields], ...rows].map((row) => `${row.map(csvField).join(',')}\r\n`).join('');
}

function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function asMarkdown(bundles: Bundles, fullText: boolean): string {
  const lines: string[] = [];
  for (const [bundle, { packages }] of Object.entries(bundles)) {
    lines.push(`# ${bundle}`, '');
    if (packages.length === 0) lines.push('> No licenses found', '');
    for (const {
      name = 'UNKNOWN',
      versionInfo = 'UNKNOWN',
      licenseId = 'UNKNOWN',
      extractedText = '',
    } of packages) {
      lines.push(`## **${name.trim()}**\t\`${versionInfo.trim()}\`\t${licenseId.trim()}`, '');
      if (!fullText) continue;
      if (extractedText === '') lines.push('> No license text available', '');
      else lines.push('<pre>', extractedText, '</pre>', '');
    }
  }
  return lines.join('\n');
}
