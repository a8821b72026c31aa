/** Every way a kernel operation fails, with the HTTP status that a client sees. */
export const kernelErrors = {
  KERNEL_NOT_FOUND: 404,
  KERNEL_ID_TAKEN: 409,
  KERNELSPEC_NOT_FOUND: 501,
  KERNEL_LAUNCH_FAILED: 500,
  KERNEL_LAUNCH_TIMEOUT: 504,
  KERNEL_DEAD: 503,
  KERNEL_NOT_STARTED: 409,
  KERNEL_NO_REPLY: 504,
  KERNEL_STOPPING: 503,
  SESSION_NOT_FOUND: 404,
  SESSION_KERNEL_GONE: 410,
  KERNEL_NEVER_FITS: 422,
  KERNEL_QUEUE_FULL: 503,
  KERNEL_TOO_MANY_QUEUED: 429,
  PROVISIONER_UNKNOWN: 500,
  GATEWAY_UNREACHABLE: 503,
} as const;

export type KernelErrorCode = keyof typeof kernelErrors;

export class KernelError extends Error {
  readonly code: KernelErrorCode;

  constructor(code: KernelErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'KernelError';
    this.code = code;
  }
}
