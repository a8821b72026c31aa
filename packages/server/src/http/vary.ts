import type { FastifyReply } from 'fastify';

/** Adds a request header to those that the answer depends on. */
export function vary(reply: FastifyReply, header: string): void {
  const known = String(reply.getHeader('vary') ?? '');
  if (!known.split(', ').includes(header))
    reply.header('vary', known === '' ? header : `${known}, ${header}`);
}
