import { kernelErrors } from '@perijove/kernels';

/** Every way a request fails for a reason of the server's own, with its HTTP status. Kernels' are in @perijove/kernels. */
export const serverErrors = {
  BAD_REQUEST: 400,
  BAD_JSON: 400,
  UNAUTHENTICATED: 403,
  FORBIDDEN: 403,
  BAD_HOST: 403,
  BAD_XSRF: 403,
  BAD_ORIGIN: 404,
  NOT_FOUND: 404,
  CONFLICT: 409,
  TOO_LARGE: 413,
  CONVERSION_FAILED: 500,
  NOT_IMPLEMENTED: 501,
  UNAVAILABLE: 503,
  STORAGE_FULL: 507,
} as const;

export type ServerErrorCode = keyof typeof serverErrors;

export interface ServerErrorOptions extends ErrorOptions {
  /** Jupyter's `reason` in the error's body, where clients look for a certain word (`bad type`, `bad format`). */
  reason?: string;
}

export class ServerError extends Error {
  readonly code: ServerErrorCode;
  readonly reason: string | undefined;

  constructor(code: ServerErrorCode, message: string, options?: ServerErrorOptions) {
    super(message, options);
    this.name = 'ServerError';
    this.code = code;
    this.reason = options?.reason;
  }
}

/** After how many seconds it is worth while to ask again, for refusals that pass. */
const retryAfterS: Readonly<Record<string, number>> = {
  UNAVAILABLE: 5,
  KERNEL_STOPPING: 5,
  KERNEL_QUEUE_FULL: 30,
  KERNEL_TOO_MANY_QUEUED: 30,
};

/** For the header `Retry-After`; undefined where asking again would not help. */
export function retryAfterOf(error: unknown): number | undefined {
  return retryAfterS[(error as { code?: string } | null)?.code ?? ''];
}

/** Status of an error by its code; 500 for what nobody declared. */
export function statusOf(error: unknown): number {
  const code = (error as { code?: string } | null)?.code ?? '';
  if (code in serverErrors) return serverErrors[code as ServerErrorCode];
  if (code in kernelErrors) return kernelErrors[code as keyof typeof kernelErrors];
  return 500;
}
