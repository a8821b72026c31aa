import type { FastifyReply } from 'fastify';

/** A JSON answer that is given many times, and serialised once. */
export class CachedJson {
  readonly #json: string;

  constructor(json: string) {
    this.#json = json;
  }

  send(reply: FastifyReply): FastifyReply {
    return reply.header('content-type', 'application/json; charset=utf-8').send(this.#json);
  }
}
