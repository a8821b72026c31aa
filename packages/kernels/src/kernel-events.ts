import { kernelErrors, KernelError } from './kernel-error.ts';
import type { KernelNews } from './kernel-news.ts';
import { queueOf } from './queue-model.ts';
import type { UsageSample } from './usage-sampler.ts';

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
/** Ours: what a kernel uses. */
export const kernelUsageSchemaId = 'https://perijove.dev/events/kernel_usage/v1';

export type KernelAction = 'start' | 'interrupt' | 'shutdown' | 'restart';

/** Whom an event is about. */
interface Subject {
  readonly id: string;
  readonly name: string;
  readonly record: { readonly username: string };
}

export function actionEvent(action: KernelAction, kernel: Subject, error: unknown): KernelBusEvent {
  const failed = error !== undefined;
  const status = error instanceof KernelError ? kernelErrors[error.code] : 500;
  return {
    schemaId: kernelActionsSchemaId,
    owner: kernel.record.username,
    data: {
      action,
      kernel_id: kernel.id,
      kernel_name: kernel.name,
      status: failed ? 'error' : 'success',
      ...(failed ? { status_code: status } : {}),
      msg: failed ? messageOf(error) : actionMessage(action, kernel.id),
    },
  };
}

export function newsEvent(kernel: Subject, news: KernelNews): KernelBusEvent {
  const about = { kernel_id: kernel.id, kernel_name: kernel.name };
  const owner = kernel.record.username;
  if (news.type === 'phase') {
    const { phase, message, detail, wait } = news;
    return {
      schemaId: kernelPhaseSchemaId,
      owner,
      data: {
        ...about,
        phase,
        message,
        ...(detail === undefined ? {} : { detail }),
        ...(wait === undefined ? {} : { queue: queueOf(wait).queue }),
      },
    };
  }
  const { death, restarting } = news;
  return {
    schemaId: kernelDeathSchemaId,
    owner,
    data: {
      ...about,
      reason: death.reason,
      message: death.message,
      restarting,
      ...(death.code === undefined ? {} : { code: death.code }),
      ...(death.signal === undefined ? {} : { signal: death.signal }),
      last_lines: death.lastLines ?? [],
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'It failed for an unknown reason';
}

function actionMessage(action: KernelAction, id: string): string {
  switch (action) {
    case 'start':
      return `Kernel started: ${id}`;
    case 'interrupt':
      return `Kernel interrupted: ${id}`;
    case 'restart':
      return `Kernel restarted: ${id}`;
    case 'shutdown':
      return `Kernel shutdown: ${id}`;
  }
}

export function usageEvent(kernel: Subject, sample: UsageSample): KernelBusEvent {
  const { memoryBytes, memoryLimitBytes, cpus, cpuSeconds } = sample;
  return {
    schemaId: kernelUsageSchemaId,
    data: {
      kernel_id: kernel.id,
      kernel_name: kernel.name,
      memory_bytes: memoryBytes,
      ...(memoryLimitBytes === undefined ? {} : { memory_limit_bytes: memoryLimitBytes }),
      ...(cpus === undefined ? {} : { cpus: Math.round(cpus * 1000) / 1000 }),
      cpu_seconds: cpuSeconds,
    },
    owner: kernel.record.username,
  };
}
