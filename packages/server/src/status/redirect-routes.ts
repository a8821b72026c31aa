import type { RoutePlugin } from '../http/route-plugin.ts';

/** Paths of the classic notebook and of old clients, and where they are now. */
export function redirectRoutes(): RoutePlugin {
  const config = { access: { kind: 'page', resource: 'contents' } } as const;
  const schema = { hide: true };
  return async (app) => {
    const { baseUrl } = app.site;
    for (const [from, to] of [
      ['tree', 'lab/tree'],
      ['notebooks', 'lab/tree'],
      ['edit', 'lab/tree'],
    ] as const) {
      // VS Code probes `/tree?` for a 302 to the login.
      app.get(`/${from}`, { config, schema }, async (request, reply) =>
        reply.redirect(`${baseUrl}lab${queryOf(request.originalUrl)}`, 302),
      );
      app.get(`/${from}/*`, { config, schema }, async (request, reply) =>
        reply.redirect(rebased(request.originalUrl, baseUrl + from, baseUrl + to), 302),
      );
    }
    app.get('/consoles', { config, schema }, async (request, reply) =>
      reply.redirect(`${baseUrl}lab${queryOf(request.originalUrl)}`, 302),
    );
    app.get('/consoles/*', { config, schema }, async (_request, reply) =>
      reply.redirect(`${baseUrl}lab`, 302),
    );
    const api = { access: { kind: 'api', resource: 'contents' } } as const;
    app.all('/api/notebooks', { config: api, schema }, async (request, reply) =>
      reply.redirect(rebased(request.originalUrl, `${baseUrl}api/notebooks`, `${baseUrl}api/contents`), 302),
    );
    app.all('/api/notebooks/*', { config: api, schema }, async (request, reply) =>
      reply.redirect(rebased(request.originalUrl, `${baseUrl}api/notebooks`, `${baseUrl}api/contents`), 302),
    );
  };
}

/** Path and query as they were sent, percent-encoding and all. */
function rebased(url: string, from: string, to: string): string {
  return to + url.slice(from.length);
}

function queryOf(url: string): string {
  const at = url.indexOf('?');
  return at < 0 ? '' : url.slice(at);
}
