import type { ExecutionState } from '@perijove/protocol';
import type { Log } from './log.ts';
import { passed } from './passed.ts';
import type { Kernelspec } from './provisioner.ts';

export interface CullingPolicy {
  /** 0: never, unless a kernelspec says otherwise. */
  readonly idleTimeoutMs: number;
  /** Cull kernels with open notebooks too. */
  readonly cullConnected: boolean;
  /** Cull kernels that have been computing all the while too. */
  readonly cullBusy: boolean;
}

/** What is looked at in a kernel. */
export interface Idleness {
  readonly lastActivity: number;
  readonly executionState: ExecutionState;
  readonly connections: number;
  /** The kernelspec's own `metadata.cull_idle_timeout`, in seconds; it goes before the policy's. */
  readonly idleTimeoutS: number | undefined;
}

/** Whether a kernel has been idle too long. Pure. */
export function isCullable(kernel: Idleness, policy: CullingPolicy, now: number): boolean {
  const timeoutMs = kernel.idleTimeoutS === undefined ? policy.idleTimeoutMs : kernel.idleTimeoutS * 1000;
  if (timeoutMs <= 0 || now - kernel.lastActivity <= timeoutMs) return false;
  if (kernel.connections > 0 && !policy.cullConnected) return false;
  switch (kernel.executionState) {
    case 'idle':
      return true;
    case 'busy':
      return policy.cullBusy;
    default:
      // It is on its way up or down, or dead already.
      return false;
  }
}

/** What the culler looks at in a kernel of the registry. */
export interface Cullable extends Omit<Idleness, 'idleTimeoutS'> {
  readonly id: string;
  /** Of its kernelspec. */
  readonly name: string;
}

export interface CullerOptions {
  readonly registry: {
    list(): readonly Cullable[];
    cull(id: string): Promise<void>;
  };
  readonly kernelspecs: { get(name: string): Promise<Kernelspec | undefined> };
  readonly policy: CullingPolicy;
  readonly intervalMs: number;
  readonly log: Log;
  readonly now: () => number;
}

/** Stops idle kernels from time to time, until aborted. Culled ones stay listed as dead, with that reason. */
export async function runCuller(options: CullerOptions, signal: AbortSignal): Promise<void> {
  while (await passed(options.intervalMs, signal)) await cullOnce(options);
}

/** One round. Resolves when the kernels that were idle too long are gone. */
export async function cullOnce({ registry, kernelspecs, policy, log, now }: CullerOptions): Promise<void> {
  await Promise.all(
    registry.list().map(async (kernel) => {
      try {
        const idleTimeoutS = cullIdleTimeoutOf(await kernelspecs.get(kernel.name));
        const { lastActivity, executionState, connections } = kernel;
        if (!isCullable({ lastActivity, executionState, connections, idleTimeoutS }, policy, now())) return;
        log.info(
          { kernelId: kernel.id, idleForMs: now() - lastActivity },
          'a kernel is culled: idle too long',
        );
        await registry.cull(kernel.id);
      } catch (error) {
        log.error({ err: error, kernelId: kernel.id }, 'a kernel could not be culled');
      }
    }),
  );
}

/** `metadata.cull_idle_timeout` of a kernelspec, in seconds. */
function cullIdleTimeoutOf(kernelspec: Kernelspec | undefined): number | undefined {
  const value = kernelspec?.spec.metadata?.['cull_idle_timeout'];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
