import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { retryAfterOf } from '../errors.ts';
import { describeError } from './describe-error.ts';
import { errorPage } from './error-page.ts';

/** Errors and unknown paths: JSON for programs, a page for people. */
export function addErrorAnswers(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const { status, message, reason } = describeError(error, request.log);
    const retryAfter = retryAfterOf(error);
    if (retryAfter !== undefined) reply.header('retry-after', retryAfter);
    return answerError(request, reply, { status, message, reason });
  });
  app.setNotFoundHandler((request, reply) => {
    const methods = app.routeTable.methodsAt(pathOf(request.url));
    if (methods.length > 0) {
      reply.header('allow', methods.join(', '));
      return answerError(request, reply, { status: 405, message: 'Method Not Allowed', reason: null });
    }
    return answerError(request, reply, { status: 404, message: 'Not Found', reason: null });
  });
}

function answerError(
  request: FastifyRequest,
  reply: FastifyReply,
  error: { status: number; message: string; reason: string | null },
): FastifyReply {
  reply.code(error.status);
  // What the route had prepared to send no longer applies.
  for (const name of [
    'content-disposition',
    'content-length',
    'content-encoding',
    'etag',
    'last-modified',
    'cache-control',
  ]) {
    reply.removeHeader(name);
  }
  if (wantsPage(request))
    return reply.type('text/html; charset=utf-8').send(errorPage(error, request.server.site));
  return reply.type('application/json; charset=utf-8').send({ message: error.message, reason: error.reason });
}

/**
 * URLs that no route can be looked up for: bad percent-encoding, a parameter beyond all length. Fastify's own words repeat the
 * URL, with the token in it.
 */
export function answerFrameworkError(
  error: { readonly code: string; readonly statusCode?: number },
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const status = error.statusCode ?? 400;
  const message =
    error.code === 'FST_ERR_BAD_URL'
      ? 'Bad percent-encoding in the URL'
      : (STATUS_CODES[status] ?? 'Bad Request');
  void answerError(request, reply, { status, message, reason: null });
}

/** Fetch and XHR accept anything; a browser that navigates says that it would like HTML. */
function wantsPage(request: FastifyRequest): boolean {
  const access = request.routeOptions.config.access;
  if (access !== undefined && access.kind === 'api') return false;
  if (/\/api\//.test(pathOf(request.url))) return false;
  return access?.kind === 'page' || (request.headers.accept ?? '').includes('text/html');
}

export function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? '';
}

/** What is no HTTP at all, or too much of it. No request exists for these. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }[error.code ?? ''] ?? 400;
  const body = JSON.stringify({ message: STATUS_CODES[status], reason: null });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `X-Content-Type-Options: nosniff\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
