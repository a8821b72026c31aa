/** The content of a kernel_info_reply, as far as a server reads it. */
export interface KernelInfo {
  readonly protocol_version: string;
  readonly implementation?: string;
  readonly implementation_version?: string;
  readonly supported_features?: readonly string[];
  readonly [key: string]: unknown;
}
