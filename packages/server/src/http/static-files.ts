import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname, join, posix } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import mime from 'mime';
import { ServerError } from '../errors.ts';
import { vary } from './vary.ts';

export interface StaticFilesOptions {
  /** Folders that are searched in turn. */
  readonly folders: readonly string[];
  /** Whether the name holds a hash of the content, so that it never changes. */
  readonly isImmutable?: (path: string) => boolean;
  /** How long a browser may keep what is not immutable without asking; absent: it always asks. */
  readonly maxAgeS?: (path: string) => number | undefined;
}

interface Found {
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
  readonly encoding: 'br' | 'gzip' | undefined;
}

/** `main.0a1b2c3d4e5f6a7b8c9d.js`, `1234.abcdef0123456789.woff2`: what rspack names its files. */
function hasHash(path: string): boolean {
  return /[.-][0-9a-f]{16,64}\.[a-z0-9.]+$/i.test(path);
}

/**
 * Sends files of the server's own. Beside `x.js` may lie `x.js.br` and `x.js.gz`, made when it was built; the client's best
 * is taken. Folders are not listed; nothing outside of them is found.
 */
export function staticFiles(options: StaticFilesOptions) {
  const isImmutable = options.isImmutable ?? hasHash;
  return async (path: string, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const found = await find(options.folders, path, request.headers['accept-encoding'] ?? '');
    if (found === undefined) throw new ServerError('NOT_FOUND', 'Not Found');
    const etag = `"${found.size.toString(36)}-${Math.floor(found.mtimeMs).toString(36)}${found.encoding ?? ''}"`;
    const hasVersion = /[?&]v=/.test(request.url);
    const maxAgeS = options.maxAgeS?.(path);
    const keep = maxAgeS === undefined ? 'no-cache' : `private, max-age=${maxAgeS}`;
    reply
      .header('cache-control', isImmutable(path) || hasVersion ? 'public, max-age=31536000, immutable' : keep)
      .header('etag', etag)
      .type(typeOf(path));
    vary(reply, 'Accept-Encoding');
    if (found.encoding !== undefined) reply.header('content-encoding', found.encoding);
    const known = request.headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
    if (known?.includes(etag) || known?.includes('*')) return reply.code(304).send();
    reply.header('content-length', found.size);
    if (request.method === 'HEAD') return reply.send();
    return reply.send(createReadStream(found.path));
  };
}

async function find(folders: readonly string[], path: string, accepted: string): Promise<Found | undefined> {
  const clean = posix.normalize(`/${path}`);
  if (clean.includes('\0') || clean.endsWith('/') || clean.split('/').some((part) => part.startsWith('.')))
    return undefined;
  for (const folder of folders) {
    const plain = await fileAt(join(folder, clean), undefined);
    if (plain === undefined) continue;
    const best = accepts(accepted, 'br') ? await fileAt(`${plain.path}.br`, 'br') : undefined;
    return (
      best ?? (accepts(accepted, 'gzip') ? await fileAt(`${plain.path}.gz`, 'gzip') : undefined) ?? plain
    );
  }
  return undefined;
}

async function fileAt(path: string, encoding: Found['encoding']): Promise<Found | undefined> {
  try {
    const stats = await stat(path);
    return stats.isFile() ? { path, size: stats.size, mtimeMs: stats.mtimeMs, encoding } : undefined;
  } catch {
    return undefined; // not there, or a name that no file can have
  }
}

function accepts(header: string, encoding: string): boolean {
  return new RegExp(`(?:^|,)\\s*${encoding}\\s*(?:;\\s*q=(?!0(?:\\.0*)?\\s*(?:,|$))[^,]*)?(?:,|$)`, 'i').test(
    header,
  );
}

function typeOf(path: string): string {
  const type = mime.getType(extname(path)) ?? 'application/octet-stream';
  return /^text\/|javascript|json|svg/.test(type) ? `${type}; charset=utf-8` : type;
}
