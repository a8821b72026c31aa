import type { ServerErrorCode } from '../../errors.ts';

/**
 * What becomes a ServerError outside the worker. A class of its own, because errors.ts brings the whole kernels package
 * along, which a worker has no use for.
 */
export class ContentsFailure extends Error {
  readonly code: ServerErrorCode;
  readonly reason: string | undefined;

  constructor(code: ServerErrorCode, message: string, options?: { reason?: string; cause?: unknown }) {
    super(message, { cause: options?.cause });
    this.name = 'ContentsFailure';
    this.code = code;
    this.reason = options?.reason;
  }
}
