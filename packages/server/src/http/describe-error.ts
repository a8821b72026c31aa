import { randomBytes } from 'node:crypto';
import type { FastifyBaseLogger } from 'fastify';
import { ServerError, statusOf } from '../errors.ts';

export interface ErrorDescription {
  readonly status: number;
  readonly message: string;
  readonly reason: string | null;
}

/**
 * What a client is told of an error, and the one place that logs it. What nobody declared is logged with an id, and only
 * the id is told: messages of unexpected errors hold paths and worse.
 */
export function describeError(error: unknown, log: FastifyBaseLogger): ErrorDescription {
  const { code, statusCode, message } = error as { code?: string; statusCode?: number; message?: string };
  const status = statusOf(error);
  const reason = (error instanceof ServerError ? error.reason : undefined) ?? null;
  if (status !== 500 || isDeclared(error)) {
    // Declared errors say what is wrong; where they come from matters only if something else was behind them.
    const cause = (error as { cause?: unknown }).cause;
    if (status >= 500) {
      log.warn({ code, reason: message, ...(cause === undefined ? {} : { err: cause }) }, 'A request failed');
    } else log.debug({ code, message }, 'A request was refused');
    return { status, message: message ?? 'Error', reason };
  }
  // Fastify's own refusals (FST_ERR_…) carry the status of what the client did wrong.
  if (code?.startsWith('FST_') && statusCode !== undefined && statusCode < 500) {
    log.debug({ code, message }, 'A request was refused');
    return { status: statusCode, message: message ?? 'Bad Request', reason };
  }
  const id = randomBytes(4).toString('hex');
  log.error({ err: error, errorId: id }, 'Unexpected error');
  return { status: 500, message: `Unexpected error (id ${id}). The server's log says more.`, reason };
}

/** A KernelError of status 500 is declared too: it has a name that people look up. */
function isDeclared(error: unknown): boolean {
  return error instanceof ServerError || (error instanceof Error && error.name === 'KernelError');
}
