import { readFile, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { RoutePlugin } from '../http/route-plugin.ts';
import type { FederatedExtensions } from './federated-extensions.ts';
import { inside, isFresh, sendFirst } from './static-file.ts';

/** Styles of themes, and what they refer to: those of prebuilt extensions first, then the front end's own. */
export function themeRoutes(
  federated: FederatedExtensions,
  themesDir: string,
  themesUrl: string,
): RoutePlugin {
  const styles = new Map<string, { mtimeMs: number; css: string }>();
  return async (app) => {
    app.get<{ Params: { '*': string } }>(
      '/lab/api/themes/*',
      { config: { access: { kind: 'api', resource: 'api' } } },
      async (request, reply) => {
        const path = request.params['*'];
        const { extensions } = await federated.list();
        const folders = [...extensions.map(({ folder }) => join(folder, 'themes')), themesDir];
        const candidates = folders.flatMap((folder) => inside(folder, path));
        if (!path.endsWith('.css')) return sendFirst(request, reply, candidates);
        for (const file of candidates) {
          const found = await stat(file).catch(() => undefined);
          if (!found?.isFile()) continue;
          const modified = new Date(Math.floor(found.mtimeMs / 1000) * 1000);
          void reply.header('last-modified', modified.toUTCString()).header('cache-control', 'no-cache');
          void reply.type('text/css; charset=utf-8');
          if (isFresh(request, modified)) return reply.code(304).send();
          let known = styles.get(file);
          if (known?.mtimeMs !== found.mtimeMs) {
            const folder = posix.join(themesUrl, posix.dirname(path));
            known = { mtimeMs: found.mtimeMs, css: withAbsoluteUrls(await readFile(file, 'utf8'), folder) };
            styles.set(file, known);
          }
          return reply.send(known.css);
        }
        return sendFirst(request, reply, []);
      },
    );
  };
}

/**
 * Makes relative `url(…)`s absolute. JupyterLab puts a theme's text into the page, where they would be relative to the page.
 */
export function withAbsoluteUrls(css: string, folder: string): string {
  return css.replaceAll(
    /url\(\s*(?:'([^']*)'|"([^"]*)"|([^'")\s]*))\s*\)/g,
    (whole, single, double, bare) => {
      const url: string = single ?? double ?? bare ?? '';
      if (url === '' || /^([a-z][a-z0-9+.-]*:|\/|#)/i.test(url)) return whole;
      return `url('${posix.join(folder, url).replaceAll("'", '%27')}')`;
    },
  );
}
