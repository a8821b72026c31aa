import type { FastifyReply } from 'fastify';

/** A JSON answer that is given many times, and serialised once. */
export class CachedJson {
  readonly bytes: Buffer;

  constructor(json: string) {
    this.bytes = Buffer.from(json);
  }

  send(reply: FastifyReply): FastifyReply {
    return reply.header('content-type', 'application/json; charset=utf-8').send(this.bytes);
  }
}
