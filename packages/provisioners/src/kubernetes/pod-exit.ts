import { constants } from 'node:os';
import type { Exit } from '@perijove/kernels';
import { formatMemory, parseQuantity } from '@perijove/protocol';
import { conditionOf, kernelContainer, kernelStateOf, type Pod } from './pod.ts';

export interface ExitQuestion {
  /** The API has said that the pod is no more. */
  readonly isGone: boolean;
  /** This server has deleted it. */
  readonly isOurs: boolean;
}

/**
 * How a kernel ended, in the words of what ended its pod; undefined while it lives, or may. Sources: Kubernetes docs, "Pod Lifecycle",
 * "Disruptions" (conditions of type DisruptionTarget), "Node-pressure Eviction".
 */
export function exitOfPod(pod: Pod, { isGone, isOurs }: ExitQuestion): Exit | undefined {
  const ended = kernelStateOf(pod)?.terminated;
  const { phase, reason = '' } = pod.status ?? {};
  const isOver = ended !== undefined || phase === 'Failed' || phase === 'Succeeded';
  const isDeleted = pod.metadata.deletionTimestamp !== undefined;
  const disruption = disruptionOf(pod);
  // A node that is lost cannot say any more what has become of its containers.
  const isLost = disruption?.reason === 'nodeLost' || reason === 'NodeLost';
  if (!isOver && !isGone && !(isLost && isDeleted)) return undefined;

  const how = endOfContainer(pod);
  if (isOurs) return { ...(how ?? { message: 'its pod was removed' }), reason: 'destroyed' };
  if (how?.reason === 'outOfMemory') return how;
  if (disruption !== undefined) return { ...how, ...disruption };
  if (reason === 'Evicted') return { ...how, reason: 'evicted', message: `evicted: ${said(pod)}` };
  if (reason === 'NodeLost') return { reason: 'nodeLost', message: `${nodeOf(pod)} is lost` };
  if (/^(NodeShutdown|Shutdown|Terminated)$/.test(reason)) {
    return { ...how, reason: 'evicted', message: `${nodeOf(pod)} is shutting down` };
  }
  if (reason === 'DeadlineExceeded')
    return { ...how, reason: 'exited', message: 'it ran for longer than its pod may' };
  if (reason !== '' && how === undefined) {
    return {
      reason: 'unknown',
      message: `its pod failed: ${reason}${pod.status?.message ? `, ${said(pod)}` : ''}`,
    };
  }
  if (isDeleted || (isGone && !isOver)) {
    return { ...how, reason: 'destroyed', message: `somebody deleted its pod ${pod.metadata.name}` };
  }
  return (
    how ?? { reason: 'unknown', message: `its pod has ended (${phase ?? 'no phase'}), and does not say why` }
  );
}

/** What Kubernetes ended it for. */
function disruptionOf(pod: Pod): Pick<Exit, 'reason' | 'message'> | undefined {
  const target = conditionOf(pod, 'DisruptionTarget');
  if (target?.status !== 'True') return undefined;
  const detail = target.message ? ` (${target.message.replace(/\.$/, '')})` : '';
  switch (target.reason) {
    case 'PreemptionByScheduler':
      return {
        reason: 'evicted',
        message: `preempted: its place was needed by a pod of higher priority${detail}`,
      };
    case 'DeletionByTaintManager':
      return {
        reason: 'nodeLost',
        message: `${nodeOf(pod)} is lost, or takes no such pods any more${detail}`,
      };
    case 'DeletionByPodGC':
      return { reason: 'nodeLost', message: `${nodeOf(pod)} is gone from the cluster` };
    case 'EvictionByEvictionAPI':
      return { reason: 'evicted', message: `evicted: ${nodeOf(pod)} is being emptied` };
    case 'TerminationByKubelet':
      return {
        reason: 'evicted',
        message: `evicted by ${nodeOf(pod)}${pod.status?.message ? `: ${said(pod)}` : detail}`,
      };
    default:
      return { reason: 'evicted', message: `evicted: ${target.reason ?? 'no reason given'}${detail}` };
  }
}

function endOfContainer(pod: Pod): Exit | undefined {
  const ended = kernelStateOf(pod)?.terminated;
  if (ended === undefined) return undefined;
  const { exitCode, reason, message } = ended;
  const signal = signalOf(ended.signal ?? (exitCode > 128 && exitCode < 128 + 65 ? exitCode - 128 : 0));
  if (reason === 'OOMKilled') {
    const limit = memoryLimitOf(pod);
    return {
      reason: 'outOfMemory',
      code: exitCode,
      ...(signal ? { signal } : {}),
      message:
        limit === undefined
          ? 'out of memory: its node had none left'
          : `out of memory: used ${formatMemory(limit, limit)}`,
    };
  }
  if (reason === 'ContainerStatusUnknown') {
    return { reason: 'nodeLost', message: `${nodeOf(pod)} does not know any more what became of it` };
  }
  if (/^(StartError|ContainerCannotRun)$/.test(reason ?? '')) {
    return {
      reason: 'exited',
      code: exitCode,
      message: `could not be executed: ${firstLine(message) ?? reason ?? ''}`,
    };
  }
  if (signal) return { reason: 'exited', code: exitCode, signal, message: `killed by signal ${signal}` };
  return { reason: 'exited', code: exitCode, message: `exited with code ${exitCode}` };
}

function memoryLimitOf(pod: Pod): number | undefined {
  const limit = pod.spec?.containers?.find(({ name }) => name === kernelContainer)?.resources?.limits?.[
    'memory'
  ];
  return limit === undefined ? undefined : parseQuantity(limit);
}

function signalOf(number: number): NodeJS.Signals | undefined {
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  return found?.[0] as NodeJS.Signals | undefined;
}

function said(pod: Pod): string {
  return (pod.status?.message ?? 'no reason given').trim().replace(/\.$/, '');
}

function firstLine(text: string | undefined): string | undefined {
  return text?.split('\n')[0]?.trim();
}

function nodeOf(pod: Pod): string {
  return pod.spec?.nodeName === undefined ? 'its node' : `its node ${pod.spec.nodeName}`;
}
