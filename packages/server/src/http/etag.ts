import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';

/** A hash of more would be felt by others. */
const maxTaggedLength = 256 * 1024;

/**
 * ETag and 304 for JSON answers, as Tornado has them. Not for clients that say that they keep nothing, as JupyterLab does with
 * every request: hashing for them would be wasted.
 */
export function addEtags(app: FastifyInstance): void {
  app.addHook('onSend', async (request, reply, payload: unknown) => {
    if (request.method !== 'GET' || reply.statusCode !== 200 || reply.hasHeader('etag')) return payload;
    if (typeof payload !== 'string' || payload.length > maxTaggedLength) return payload;
    if (/no-(?:cache|store)/.test(request.headers['cache-control'] ?? '')) return payload;
    if (!String(reply.getHeader('content-type') ?? '').startsWith('application/json')) return payload;
    const etag = `"${createHash('sha1').update(payload).digest('base64url')}"`;
    reply.header('etag', etag);
    const known = (request.headers['if-none-match'] ?? '')
      .split(',')
      .map((tag) => tag.trim().replace(/^W\//, ''));
    if (!known.includes(etag)) return payload;
    reply.code(304).removeHeader('content-length');
    return null;
  });
}
