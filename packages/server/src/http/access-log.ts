import { LogController, type FastifyReply, type FastifyRequest } from 'fastify';
import { scrubUrl } from './scrub-url.ts';

/** One line a request, at debug. Never the request itself: its URL, cookies and headers open doors. */
export class AccessLog extends LogController {
  override incomingRequest(): void {
    // One line is enough, at its end.
  }

  override requestCompleted(
    error: Error | null | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    const { method, url } = request;
    const line = {
      method,
      url: scrubUrl(url),
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
    };
    if (error) request.log.warn({ ...line, err: error }, 'request not completed');
    else request.log.debug(line, 'request');
  }

  override writeHeadError(error: Error, request: FastifyRequest): void {
    request.log.warn({ method: request.method, url: scrubUrl(request.url), err: error }, 'headers not sent');
  }
}
