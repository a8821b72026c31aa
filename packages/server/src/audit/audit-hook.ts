import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { peerOf } from '../http/peer.ts';
import { auditedUser, type Audit, type AuditEntry } from './audit-entry.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Why it is refused, for the audit log; set where that is decided. */
    refusal: string | undefined;
    /** Id of what it made, if the answer's Location does not say so. */
    madeId: string | undefined;
  }
  interface FastifyInstance {
    audit: Audit;
  }
}

type Thing = 'kernel' | 'session' | 'terminal';
interface Audited {
  readonly event: AuditEntry['event'];
  readonly thing?: Thing;
}

/** What is written of requests that are let through. */
const auditedRoutes: Readonly<Record<string, Audited>> = {
  'POST /login': { event: 'login' },
  'POST /api/kernels': { event: 'start', thing: 'kernel' },
  'DELETE /api/kernels/:id': { event: 'stop', thing: 'kernel' },
  'POST /api/kernels/:id/restart': { event: 'restart', thing: 'kernel' },
  'POST /api/kernels/:id/interrupt': { event: 'interrupt', thing: 'kernel' },
  'POST /api/sessions': { event: 'start', thing: 'session' },
  'PATCH /api/sessions/:id': { event: 'restart', thing: 'session' },
  'DELETE /api/sessions/:id': { event: 'stop', thing: 'session' },
  'POST /api/terminals': { event: 'start', thing: 'terminal' },
  'DELETE /api/terminals/:name': { event: 'stop', thing: 'terminal' },
  'POST /api/shutdown': { event: 'stop' },
};

/** Writes an audit line once a request was answered, if it is one of those that count. */
export function addAuditHook(
  app: FastifyInstance,
  { audit, trustXheaders }: { audit: Audit; trustXheaders: boolean },
): void {
  app.decorate('audit', audit);
  app.decorateRequest('refusal', undefined);
  app.decorateRequest('madeId', undefined);
  const base = app.site.routeBase.replace(/\/$/, '');
  app.addHook('onResponse', async (request, reply) => {
    const url = request.routeOptions.url ?? '';
    const audited = auditedRoutes[`${request.method} ${url.slice(base.length)}`];
    const { statusCode: status } = reply;
    const isRefused = request.refusal !== undefined || status === 403 || status === 401 || status === 429;
    if (!isRefused && audited === undefined) return;
    const { method } = request;
    audit.write({
      event: isRefused && audited?.event !== 'login' ? 'refusal' : audited!.event,
      outcome: isRefused ? 'refused' : status < 400 ? 'done' : 'failed',
      ...auditedUser(request.user),
      peer: peerOf(request.raw, trustXheaders).address,
      method,
      path: request.url.split('?', 1)[0] ?? '',
      status,
      ...(audited?.thing === undefined ? {} : about(audited.thing, request, reply)),
      ...(request.refusal === undefined ? {} : { why: request.refusal }),
    });
  });
}

function about(thing: Thing, request: FastifyRequest, reply: FastifyReply): Partial<Record<Thing, string>> {
  const { id, name } = request.params as { id?: string; name?: string };
  const location = reply.getHeader('location');
  const made = typeof location === 'string' ? location.split('/').at(-1) : request.madeId;
  const value = id ?? name ?? made;
  return value === undefined ? {} : { [thing]: value };
}
