import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import type { HttpOptions } from './options.ts';
import { isLoopbackAddress } from './hosts.ts';
import { peerOf } from './peer.ts';
import { vary } from './vary.ts';

const gzipAsync = promisify(gzip);
/** Larger ones would hold the thread pool, which reads everybody's files, for too long. */
const maxCompressedBytes = 16 * 1024 * 1024;

/**
 * Compresses JSON and pages for clients on other machines; on this one it would only take time. Files of the front end are
 * compressed when they are built.
 */
export function addCompression(app: FastifyInstance, options: HttpOptions): void {
  if (options.compressFromBytes === 0) return;
  app.addHook('onSend', async (request, reply, payload: unknown) => {
    if (typeof payload !== 'string' || payload.length < options.compressFromBytes) return payload;
    if (payload.length > maxCompressedBytes || reply.hasHeader('content-encoding')) return payload;
    if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return payload;
    if (isLoopbackAddress(peerOf(request.raw, options.trustXheaders).address)) return payload;
    const type = String(reply.getHeader('content-type') ?? '');
    if (!/json|^text\//.test(type)) return payload;
    const compressed = await gzipAsync(payload, { level: constants.Z_BEST_SPEED });
    vary(reply, 'Accept-Encoding');
    reply.header('content-encoding', 'gzip').removeHeader('content-length');
    return compressed;
  });
}
