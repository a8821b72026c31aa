import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import mime from 'mime';
import { ServerError } from '../errors.ts';

/** A path in an address that stays in the folder it is looked for in; undefined if it would not. */
export function safeRelativePath(path: string): string | undefined {
  const parts = path.split('/');
  const isSafe = parts.every((part) => part !== '' && part !== '.' && part !== '..' && !/[\\\0]/.test(part));
  return isSafe ? parts.join('/') : undefined;
}

/** A name that changes with its content (`remoteEntry.5cbb9d23.js`) may be kept for ever. */
export function isHashed(name: string): boolean {
  return /[.-][0-9a-f]{8,}\.\w+$/.test(name);
}

/** Sends the first of these files that exists; throws NOT_FOUND if none does. */
export async function sendFirst(
  request: FastifyRequest,
  reply: FastifyReply,
  candidates: readonly string[],
): Promise<FastifyReply> {
  for (const path of candidates) {
    const found = await stat(path).catch(() => undefined);
    if (!found?.isFile()) continue;
    const modified = new Date(Math.floor(found.mtimeMs / 1000) * 1000);
    void reply
      .type(contentType(path))
      .header('last-modified', modified.toUTCString())
      .header('cache-control', isHashed(path) ? 'public, max-age=31536000, immutable' : 'no-cache');
    if (isFresh(request, modified)) return reply.code(304).send();
    void reply.header('content-length', found.size);
    return reply.send(createReadStream(path));
  }
  throw new ServerError('NOT_FOUND', 'Not Found');
}

export function isFresh(request: FastifyRequest, modified: Date): boolean {
  const since = Date.parse(request.headers['if-modified-since'] ?? '');
  return since >= modified.getTime();
}

export function contentType(path: string): string {
  const type = mime.getType(path) ?? 'application/octet-stream';
  return /^text\/|javascript|json|xml/.test(type) ? `${type}; charset=utf-8` : type;
}

/** Splits `@org/name/rest` or `name/rest`; undefined if there is no rest. */
export function splitPackagePath(path: string): { name: string; rest: string } | undefined {
  const match = /^((?:@[^/]+\/)?[^/]+)\/(.+)$/s.exec(path);
  return match === null ? undefined : { name: match[1] as string, rest: match[2] as string };
}

export function inside(folder: string, path: string): string[] {
  const safe = safeRelativePath(path);
  return safe === undefined ? [] : [join(folder, safe)];
}
