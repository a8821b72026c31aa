import type { FastifyInstance } from 'fastify';
import { ServerError } from '../errors.ts';

/**
 * Bodies are JSON whatever their Content-Type says, as in Jupyter: `curl -d` says it is a form. None is `undefined`.
 * A route that takes something else adds its own parser in a scope of its own.
 */
export function addBodyParser(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, body.length === 0 ? undefined : parseJson(body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new ServerError('BAD_JSON', 'Invalid JSON in body of request', { cause });
  }
}
