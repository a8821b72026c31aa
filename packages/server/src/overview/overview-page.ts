import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ServerError } from '../errors.ts';
import type { Access } from '../http/access.ts';
import { escapeHtml } from '../http/escape-html.ts';
import type { RoutePlugin } from '../http/route-plugin.ts';

const access: Access = { kind: 'page', resource: 'kernels', action: 'read' };

export interface OverviewPageOptions {
  /** The built front end (`packages/lab/dist`). */
  readonly appDir: string;
  /** Whether documents can be opened: a gateway has none. */
  readonly hasLab: boolean;
}

/** `/overview`: the page by itself, also where there is no JupyterLab. What it shows it asks for like any other client. */
export function overviewPageRoutes({ appDir, hasLab }: OverviewPageOptions): RoutePlugin {
  return async (app) => {
    const { baseUrl } = app.site;
    // Everything on it is of this server; nothing that got into a name could run.
    const policy = app.site.csp(
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self' 'unsafe-inline'",
      "img-src 'self'",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
    );
    app.get('/overview', { config: { access }, schema: { hide: true } }, async (request, reply) => {
      const values: Readonly<Record<string, string>> = {
        baseUrl: escapeHtml(baseUrl),
        staticUrl: `${escapeHtml(baseUrl)}static/lab`,
        lab: hasLab ? 'data-lab' : '',
        who: escapeHtml(request.user?.username ?? ''),
      };
      const template = await readTemplate(appDir);
      return reply
        .type('text/html; charset=utf-8')
        .header('cache-control', 'no-store')
        .header('content-security-policy', policy)
        .send(template.replaceAll(/\{\{(\w+)\}\}/g, (_whole, name: string) => values[name] ?? ''));
    });
  };
}

async function readTemplate(appDir: string): Promise<string> {
  try {
    return await readFile(join(appDir, 'overview.html'), 'utf8');
  } catch (error) {
    throw new ServerError(
      'UNAVAILABLE',
      `The front end is not built: ${(error as Error).message}. Build it with: npm run build`,
      { cause: error },
    );
  }
}
