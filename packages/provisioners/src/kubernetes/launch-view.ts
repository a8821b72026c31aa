import type { LaunchPhase } from '@perijove/kernels';
import { conditionOf, kernelStateOf, type ClusterEvent, type Pod } from './pod.ts';
import type { RoomView } from './room.ts';

export type LaunchView =
  | {
      readonly type: 'waiting';
      readonly phase: LaunchPhase;
      readonly message: string;
      readonly detail?: string;
    }
  | { readonly type: 'running' }
  /** It will never run: the cluster's own reason. */
  | { readonly type: 'failed'; readonly reason: 'neverFits' | 'refused'; readonly message: string }
  /** It has run, and ended. */
  | { readonly type: 'ended' };

export interface LaunchQuestion {
  readonly pod: Pod;
  /** Of this pod, oldest first. */
  readonly events: readonly ClusterEvent[];
  readonly image: string;
  readonly displayName: string;
  /** How much room the nodes have; undefined where that may not be asked. */
  readonly room: RoomView | undefined;
  readonly unschedulable: 'refuse' | 'wait';
}

/** What no second attempt mends: the registry has answered, or there is none of that name. */
const finalPullError =
  /not found|x509|certificate|manifest unknown|name unknown|does not exist|no such host|unauthorized|denied|forbidden|invalid reference|no basic auth|authentication required/i;
/** What has to be there before the pod, and is not. */
const missing = /\b(secrets?|configmaps?|persistentvolumeclaims?) "[^"]+" (is )?(not found|forbidden)/i;

/**
 * Where the start of a pod is, from what the cluster says of it (Kubernetes docs, "Pod Lifecycle"; the kubelet's and the scheduler's
 * events). Pure.
 */
export function launchView(question: LaunchQuestion): LaunchView {
  const { pod, events, image } = question;
  const state = kernelStateOf(pod);
  const { phase, podIP } = pod.status ?? {};
  if (state?.terminated !== undefined || phase === 'Failed' || phase === 'Succeeded')
    return { type: 'ended' };
  if (pod.metadata.deletionTimestamp !== undefined) return { type: 'ended' };
  if (state?.running !== undefined && podIP !== undefined) return { type: 'running' };

  const { reason = '', message = '' } = state?.waiting ?? {};
  switch (reason) {
    case 'ErrImagePull':
    case 'ImagePullBackOff':
    case 'RegistryUnavailable': {
      // Of the two words for it the event has the registry's own.
      const why =
        lastOf(events, ({ message: of }) => of?.startsWith('Failed to pull') === true)?.message ?? message;
      if (finalPullError.test(message) || finalPullError.test(why)) {
        return refused(
          `the image ${image} cannot be pulled: ${core(finalPullError.test(message) ? message : why)}`,
        );
      }
      return waiting('pulling', `Pulling the image ${image} has failed; it is tried again`, why || message);
    }
    case 'InvalidImageName':
    case 'ErrImageNeverPull':
      return refused(`the image ${image} cannot be used: ${core(message) || reason}`);
    case 'CreateContainerConfigError':
    case 'CreateContainerError':
    case 'RunContainerError':
      return refused(`its container cannot be made: ${core(message) || reason}`);
  }

  const { nodeName } = pod.spec ?? {};
  if (nodeName === undefined) return viewBeforeNode(question);

  const trouble = lastOf(events, ({ type, reason: of }) => type === 'Warning' && of !== 'FailedScheduling');
  // Its own Secret is made right after the pod, and may be a moment late.
  const others = trouble?.message?.includes('"perijove-connection"') ? undefined : trouble;
  if (others?.message && missing.test(others.message)) {
    return refused(`what the pod needs is not there: ${core(others.message)}`);
  }
  const pulling = lastOf(events, ({ reason: of }) => of === 'Pulling' || of === 'Pulled');
  if (pulling?.reason === 'Pulling')
    return waiting('pulling', `Pulling the image ${image} on ${nodeName}`, pulling.message);
  const detail = others?.message ?? lastOf(events, () => true)?.message;
  return waiting(
    'starting',
    others === undefined
      ? `Creating the container on ${nodeName}`
      : `Creating the container on ${nodeName} meets with trouble; it is tried again`,
    detail,
  );
}

function viewBeforeNode({ pod, room, displayName, unschedulable }: LaunchQuestion): LaunchView {
  const scheduled = conditionOf(pod, 'PodScheduled');
  const message = scheduled?.message ?? '';
  if (scheduled?.status !== 'False') return waiting('scheduling', `Looking for a node for ${displayName}`);
  if (scheduled.reason === 'SchedulingGated') {
    return waiting('scheduling', "Waiting for its turn in the cluster's queue", message);
  }
  if (missing.test(message)) return refused(`what the pod needs is not there: ${core(message)}`);
  if (room?.neverFits === true && unschedulable === 'refuse') {
    return { type: 'failed', reason: 'neverFits', message: room.sentence };
  }
  const why = room?.sentence ?? core(message.split(/\.?\s*preemption:/)[0] ?? '');
  return waiting('scheduling', `Waiting for a node${why ? `: ${why}` : ''}`, message);
}

function waiting(phase: LaunchPhase, message: string, detail?: string): LaunchView {
  return { type: 'waiting', phase, message, ...(detail ? { detail } : {}) };
}

function refused(message: string): LaunchView {
  return { type: 'failed', reason: 'refused', message };
}

function lastOf(
  events: readonly ClusterEvent[],
  test: (event: ClusterEvent) => boolean,
): ClusterEvent | undefined {
  return events.findLast(test);
}

function core(message: string): string {
  return message
    .trim()
    .replace(/^Error: /, '')
    .replace(/\.$/, '');
}
