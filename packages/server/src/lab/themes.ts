import { readFile, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { ServerError } from '../errors.ts';
import type { RoutePlugin } from '../http/route-plugin.ts';
import { staticFiles } from '../http/static-files.ts';
import type { FederatedExtensions } from './federated-extensions.ts';

/** Styles of themes, and what they refer to: those of prebuilt extensions first, then the front end's own. */
export function themeRoutes(
  federated: FederatedExtensions,
  themesDir: string,
  themesUrl: string,
): RoutePlugin {
  const styles = new Styles(themesUrl);
  return async (app) => {
    app.route<{ Params: { '*': string } }>({
      method: ['GET', 'HEAD'],
      url: '/lab/api/themes/*',
      config: { access: { kind: 'api', resource: 'api' } },
      schema: { hide: true },
      handler: async (request, reply) => {
        const path = posix.normalize(`/${request.params['*']}`).slice(1);
        const { extensions } = await federated.list();
        const folders = [...extensions.map(({ folder }) => join(folder, 'themes')), themesDir];
        if (!path.endsWith('.css')) return staticFiles({ folders })(path, request, reply);
        const style = await styles.find(folders, path);
        if (style === undefined) throw new ServerError('NOT_FOUND', 'Not Found');
        void reply
          .header('cache-control', 'no-cache')
          .header('etag', style.etag)
          .type('text/css; charset=utf-8');
        if (request.headers['if-none-match'] === style.etag) return reply.code(304).send();
        return reply.send(style.css);
      },
    });
  };
}

interface Style {
  readonly etag: string;
  readonly css: string;
}

/** Styles with their addresses made absolute, once each. */
class Styles {
  readonly #themesUrl: string;
  readonly #known = new Map<string, Style>();

  constructor(themesUrl: string) {
    this.#themesUrl = themesUrl;
  }

  /** `path` has been normalized, so it stays in the folders. */
  async find(folders: readonly string[], path: string): Promise<Style | undefined> {
    if (path.includes('\0')) return undefined;
    for (const folder of folders) {
      const file = join(folder, path);
      const found = await stat(file).catch(() => undefined);
      if (!found?.isFile()) continue;
      const etag = `"${found.size.toString(36)}-${Math.floor(found.mtimeMs).toString(36)}"`;
      let style = this.#known.get(file);
      if (style?.etag !== etag) {
        const css = await readFile(file, 'utf8');
        style = { etag, css: withAbsoluteUrls(css, posix.join(this.#themesUrl, posix.dirname(path))) };
        this.#known.set(file, style);
      }
      return style;
    }
    return undefined;
  }
}

/**
 * Makes relative `url(…)`s absolute. JupyterLab puts a theme's text into the page, where they would be relative to the page.
 */
export function withAbsoluteUrls(css: string, folder: string): string {
  return css.replaceAll(
    /url\(\s*(?:'([^']*)'|"([^"]*)"|([^'")\s]*))\s*\)/g,
    (whole: string, single?: string, double?: string, bare?: string) => {
      const url = single ?? double ?? bare ?? '';
      if (url === '' || /^([a-z][a-z0-9+.-]*:|\/|#)/i.test(url)) return whole;
      return `url('${posix.join(folder, url).replaceAll("'", '%27')}')`;
    },
  );
}
