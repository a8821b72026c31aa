/** An event for Jupyter's event bus. */
export interface KernelBusEvent {
  readonly schemaId: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Whose kernel it is about: others are not told. */
  readonly owner: string;
}

/** jupyter_server's own: what clients asked of kernels. */
export const kernelActionsSchemaId = 'https://events.jupyter.org/jupyter_server/kernel_actions/v1';
/** Ours: what a kernel is at, in words. */
export const kernelPhaseSchemaId = 'https://perijove.dev/events/kernel_phase/v1';
/** Ours: why a kernel died. */
export const kernelDeathSchemaId = 'https://perijove.dev/events/kernel_death/v1';

export type KernelAction = 'start' | 'interrupt' | 'shutdown' | 'restart';
