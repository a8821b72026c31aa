import type { RoutePlugin } from '../http/route-plugin.ts';

/** Where browsers tell of what the Content-Security-Policy kept out. They send no XSRF token with it. */
export function cspReportRoutes(): RoutePlugin {
  return async (app) => {
    app.post(
      '/api/security/csp-report',
      {
        bodyLimit: 64 * 1024,
        config: { access: { kind: 'api', resource: 'csp', unchecked: true, untracked: true } },
        schema: { summary: 'Report a violation of the Content-Security-Policy' },
      },
      async (request, reply) => {
        request.log.warn({ report: request.body }, 'Content security violation');
        return reply.send('');
      },
    );
  };
}
