import type { FastifyInstance } from 'fastify';
import { ServerError } from '../errors.ts';

/** Requests that come on connections that are still open while the server ends: 503, and when to come again. */
export function refuseWhileClosing(app: FastifyInstance): void {
  let isClosing = false;
  app.addHook('preClose', async () => {
    isClosing = true;
  });
  app.addHook('onRequest', async () => {
    if (isClosing) throw new ServerError('UNAVAILABLE', 'The server is shutting down; try again soon.');
  });
}
