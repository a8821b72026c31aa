import type { FastifyInstance } from 'fastify';
import type { HttpOptions } from './options.ts';

/** Headers of every answer. A route that wants another value sets it itself. */
export function addResponseHeaders(app: FastifyInstance, options: HttpOptions): void {
  const { site } = app;
  const jsonPolicy = site.csp("default-src 'none'");
  const pagePolicy = site.csp();
  const cors = corsOf(options);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
    // A token may be in the URL: no other site is to see it.
    reply.header('referrer-policy', 'same-origin');
    reply.header('server', 'Perijove');
    for (const [name, value] of cors(request.headers.origin)) reply.header(name, value);
  });
  app.addHook('onSend', async (_request, reply, payload) => {
    if (!reply.hasHeader('content-security-policy')) {
      const isJson = String(reply.getHeader('content-type') ?? '').startsWith('application/json');
      reply.header('content-security-policy', isJson ? jsonPolicy : pagePolicy);
    }
    return payload;
  });
}

/** Headers that let pages of other origins read an answer. */
function corsOf(options: HttpOptions): (origin: string | undefined) => [string, string][] {
  const pattern = options.allowOriginPat === '' ? undefined : new RegExp(`^(?:${options.allowOriginPat})$`);
  const always: [string, string][] = [
    ...(options.allowCredentials ? [['access-control-allow-credentials', 'true'] as [string, string]] : []),
    ...Object.entries({
      'access-control-allow-headers': options.allowHeaders,
      'access-control-allow-methods': options.allowMethods,
      'access-control-expose-headers': options.exposeHeaders,
      'access-control-max-age': options.corsMaxAgeS === 0 ? '' : String(options.corsMaxAgeS),
    }).filter(([, value]) => value !== ''),
  ];
  return (origin) => {
    if (options.allowOrigin !== '') {
      return [['access-control-allow-origin', options.allowOrigin], ['vary', 'Origin'], ...always];
    }
    if (origin === undefined || !pattern?.test(origin)) return always;
    return [['access-control-allow-origin', origin], ['vary', 'Origin'], ...always];
  };
}
