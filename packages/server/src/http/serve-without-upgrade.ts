import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';

/**
 * Answers a request with an `Upgrade` that this server does not know, as RFC 9110 §7.8 wants it: as if it were not there. Java's
 * client offers h2c with its first request. Node 20 takes such a request off the HTTP parser, so its body is lost: only
 * methods without one are served.
 */
export function serveWithoutUpgrade(app: FastifyInstance, request: IncomingMessage, rawSocket: Duplex): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    rawSocket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    return;
  }
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  // The types say Duplex for what is a net or TLS socket.
  response.assignSocket(rawSocket as Socket);
  response.on('finish', () => rawSocket.end());
  app.routing(request, response);
}
