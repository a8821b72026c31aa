import type { RoutePlugin } from '../http/route-plugin.ts';

/** `POST /api/shutdown`: answers, then ends the server and all its kernels, as "File ▸ Shut Down" promises. */
export function shutdownRoutes(deps: { readonly shutdown: () => void }): RoutePlugin {
  return async (app) => {
    app.post(
      '/api/shutdown',
      {
        config: { access: { kind: 'api', resource: 'server' } },
        schema: { summary: 'Stop the server and all its kernels' },
      },
      async (request, reply) => {
        request.log.info('Shutting down, as asked by a client');
        reply.raw.once('close', deps.shutdown);
        return reply.send('');
      },
    );
  };
}
